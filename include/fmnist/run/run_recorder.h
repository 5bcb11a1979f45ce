#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "fmnist/run/results.h"

namespace fmnist {

/// Writes the files of a run directory as the run goes on, each replaced atomically. A file that
/// cannot be written while the run goes on does not end it (the disk may have room again at the
/// next try); at the end of the run it does.
class RunRecorder final : public Observer {
 public:
  /// What the recorder tells of its own work.
  struct Listener {
    std::function<void(const std::filesystem::path&, const RunPosition&)> saved =
        [](const auto&, const auto&) {};
    std::function<void(const Error&)> failed = [](const auto&) {};
  };

  /// Writes config.toml into `facts.output`, and metrics.csv where `metrics`, its content so far,
  /// is not empty. Throws `Error` (kRuntime) when it cannot.
  RunRecorder(RunFacts facts, std::string metrics, Listener listener);

  void on_epoch(const EpochFinished& epoch) override;
  void on_position(const RunPosition& position) override;
  /// Throws `Error` (kRuntime) when this or the last write of another file failed.
  void on_finish(const RunResult& result) override;

 private:
  std::filesystem::path path(const char* file) const { return *facts_.output / file; }
  void write(const char* file, const std::string& bytes);
  void write_metrics();
  /// Runs `write` of `file`; its error is told and kept until the file's next success.
  void attempt(const char* file, const std::function<void()>& write);

  RunFacts facts_;
  std::string metrics_;  // all of metrics.csv
  Listener listener_;
  std::map<std::string, Error> failures_;  // by file
};

}  // namespace fmnist
