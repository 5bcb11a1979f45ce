#pragma once

#include <filesystem>
#include <string>

#include "fmnist/run/checkpoint.h"
#include "fmnist/run/results.h"

namespace fmnist {

/// The files of a run directory, by name.
inline constexpr const char* kConfigFile = "config.toml";
inline constexpr const char* kMetricsFile = "metrics.csv";
inline constexpr const char* kResultFile = "result.json";
inline constexpr const char* kLogFile = "train.log";
inline constexpr const char* kModelFile = "model.safetensors";

/// Throws `Error` (kCheckpoint) when `directory` already holds a run.
void refuse_existing_run(const std::filesystem::path& directory);

/// Makes `directory` ready for a new run: creates it, removes the files of an earlier run when
/// `overwrite` (otherwise they are refused, see above), and proves it writable. Throws `Error`
/// (kRuntime) naming the directory when it cannot.
void prepare_run_directory(const std::filesystem::path& directory, bool overwrite);

/// Writes the files of a run directory as the run goes on, each replaced atomically.
class RunDirectory final : public Observer {
 public:
  /// The directory must have been prepared; writes config.toml.
  explicit RunDirectory(RunFacts facts);

  void on_epoch(const EpochFinished& epoch) override;
  void on_position(const RunPosition& position) override;
  void on_finish(const RunResult& result) override;

 private:
  std::filesystem::path path(const char* file) const { return *facts_.output / file; }

  RunFacts facts_;
  std::string metrics_;  // all of metrics.csv so far
};

}  // namespace fmnist
