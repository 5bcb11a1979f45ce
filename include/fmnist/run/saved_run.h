#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "fmnist/run/checkpoint.h"
#include "fmnist/run/results.h"

namespace fmnist {

/// The bytes of last.safetensors: all that a run at `position` needs to go on. Of the settings the
/// machine ones are kept as resolved, since the bits of the result may depend on them.
std::string encode_position(const RunPosition& position, const RunFacts& facts);

/// Whose weights, for the metadata of model.safetensors.
CheckpointInfo checkpoint_info(const RunFacts& facts, const RunResult& result);

/// A run as its state file holds it.
struct SavedRun {
  std::filesystem::path file;
  Config config;
  RunPosition position;
  std::string engine;
  std::string device;
  std::string data_sha256;
  std::string program_version;
  std::string libtorch_version;
  std::string metrics;            // the finished epochs' part of metrics.csv beside the file
  bool metrics_complete = false;  // with a row for every one of them
};

/// Reads the state file `path`, or the one in the directory `path`. Throws `Error` (kCheckpoint)
/// when there is nothing to resume or it cannot be trusted.
SavedRun load_saved_run(const std::filesystem::path& path);

/// A setting that a resumed run cannot change, as text for people.
struct SettingConflict {
  std::string option;
  std::string saved;
  std::string given;
};

/// The settings of the resumed run: those of `saved`, overlaid by the options `given` (names) of
/// `config` as far as they leave the trained network as it is; more epochs are allowed, too. What
/// is not allowed is appended to `conflicts`.
Config resume_config(const SavedRun& saved, const Config& config,
                     const std::set<std::string>& given, std::vector<SettingConflict>& conflicts);

}  // namespace fmnist
