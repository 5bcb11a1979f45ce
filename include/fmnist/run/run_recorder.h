#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fmnist/run/results.h"

namespace fmnist {

class BackgroundWriter;

/// Writes the files of a run directory as the run goes on, each replaced atomically. The training
/// thread does not wait for the disk: a later call tells what came of a write, and a state that the
/// next one overtook before its turn is not written. A file that cannot be written while the run
/// goes on does not end it (the disk may have room again at the next try); at the end of the run it
/// does.
class RunRecorder final : public Observer {
 public:
  /// Which state was saved.
  struct SavedState {
    std::uint64_t epochs = 0;  // finished
    std::uint64_t step = 0;
  };

  /// What the recorder tells of its own work, on the thread that calls it.
  struct Listener {
    std::function<void(const std::filesystem::path&, const SavedState&)> saved = [](const auto&,
                                                                                    const auto&) {};
    std::function<void(const Error&)> failed = [](const auto&) {};
  };

  /// Writes config.toml into `facts.config.output`, and metrics.csv where `metrics`, its content so
  /// far, is not empty. Throws `Error` (kRuntime) when it cannot.
  RunRecorder(RunFacts facts, std::string metrics, Listener listener);
  /// Writes what waits.
  ~RunRecorder() override;

  void on_start(const RunStarted&) override { collect(); }
  void on_progress(const TrainProgress&) override { collect(); }
  void on_epoch(const EpochFinished& epoch) override;
  void on_position(const RunPosition& position) override;
  /// Throws `Error` (kRuntime) when this or the last write of another file failed; not for a
  /// diverged run, of which there is worse to tell.
  void on_finish(const RunResult& result) override;

  /// Waits until all files are written, or could not be, and tells of it.
  void flush();

 private:
  using Sink = std::function<void(const std::filesystem::path&, const std::string&)>;

  std::filesystem::path path(const char* file) const { return *facts_.config.output / file; }
  void put(const char* file, const std::string& bytes, const Sink& sink);
  void write_now(const char* file, const std::string& bytes);
  /// Returns the number of the write.
  std::uint64_t write_later(const char* file, const std::string& bytes);
  void write_result(const RunResult& result, const std::optional<std::filesystem::path>& model);
  /// Notes and tells what came of writes since the last call.
  void collect() { tell(note_results()); }
  /// Notes what came of writes since the last call; returns the states that were saved.
  std::vector<SavedState> note_results();
  void tell(const std::vector<SavedState>& saved) const;
  void fail(const std::string& file, const Error& error);

  RunFacts facts_;
  std::string metrics_;  // all of metrics.csv
  Listener listener_;
  std::map<std::string, Error> failures_;         // by file, until its next success
  std::map<std::uint64_t, SavedState> underway_;  // states, by the number of their write
  std::unique_ptr<BackgroundWriter> writer_;
};

}  // namespace fmnist
