#pragma once

#include <filesystem>
#include <string>

namespace fmnist {

/// The files of a run directory, by name.
inline constexpr const char* kConfigFile = "config.toml";
inline constexpr const char* kMetricsFile = "metrics.csv";
inline constexpr const char* kResultFile = "result.json";
inline constexpr const char* kLogFile = "train.log";
inline constexpr const char* kModelFile = "model.safetensors";
inline constexpr const char* kStateFile = "last.safetensors";
inline constexpr const char* kReportFile = "report.html";

/// Where event files for TensorBoard stand, and how their names begin.
inline constexpr const char* kTensorBoardDirectory = "tensorboard";
inline constexpr const char* kEventFilePrefix = "events.out.tfevents.";

/// How a run takes a directory.
enum class Claim {
  kNew,        // it holds no run yet
  kOverwrite,  // the files of an earlier run are removed
  kResume,     // the run it holds, if any, goes on
};

/// Where to write when nobody says: "runs/2026-11-25T14-03-07Z", with "-2" and so on when that is
/// taken; `prefix` stands before the time.
std::filesystem::path default_output(const std::string& prefix = "");

/// Throws `Error` (kCheckpoint) when `directory` already holds a run.
void refuse_existing_run(const std::filesystem::path& directory);

/// A directory that belongs to this run alone until the object goes: created where it is missing,
/// locked against other programs, and ready as `claim` says. Throws `Error`: kCheckpoint when it
/// holds a run that may not be touched or another program has it, kRuntime when it cannot be made
/// or is not writable.
class RunDirectory {
 public:
  RunDirectory(std::filesystem::path path, Claim claim);
  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  int lock_ = -1;  // descriptor of the directory
};

}  // namespace fmnist
