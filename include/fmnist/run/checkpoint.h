#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "fmnist/core/config.h"
#include "fmnist/core/parameters.h"
#include "fmnist/run/provenance.h"
#include "fmnist/train/events.h"

namespace fmnist {

/// A network to look at, and what its checkpoint says of its training: nothing in a file that
/// another program wrote. A provenance has neither the instruction set nor the data's directory
/// and verification.
struct TrainedModel {
  std::filesystem::path file;
  Parameters parameters;
  std::optional<Config> config;  // the machine's part as resolved
  std::optional<Provenance> provenance;
  std::optional<std::uint64_t> epoch;  // finished ones
};

/// A run as its state file holds it.
struct SavedRun {
  std::filesystem::path file;
  Config config;          // the machine's part as resolved
  Provenance provenance;  // without the instruction set and the data's directory
  RunPosition position;
  std::string metrics;            // the finished epochs' part of metrics.csv beside the file
  bool metrics_complete = false;  // with a row for every one of them
};

/// The bytes of model.safetensors: exactly the eight parameters that `result` ships, named as in
/// Python, and where they come from. Throws `Error` (kCheckpoint) when a text is not UTF-8.
std::string encode_model(const RunResult& result, const Config& config,
                         const Provenance& provenance);

/// The bytes of last.safetensors, all that a run at `position` needs to go on: the eight
/// parameters, their momentum buffers under `momentum.<name>`, those of the best epoch so far, if
/// any, under `best.<name>`, and counters. Throws as `encode_model` does.
std::string encode_state(const RunPosition& position, const Config& config,
                         const Provenance& provenance);

/// The weights in what either function above wrote, or in a safetensors file of just the eight
/// parameters from elsewhere; `name` stands for it in messages. Throws `Error` (kCheckpoint) on a
/// damaged file, on names, shapes or types of another network, on a digest that does not match, and
/// on a file of a newer program. A change in any byte of a file written here is noticed.
TrainedModel decode_model(std::string_view bytes, const std::string& name);

/// The run in what `encode_state` wrote, without its metrics; throws as `decode_model` does.
SavedRun decode_state(std::string_view bytes, const std::string& name);

/// Reads the checkpoint `path`, or of a run directory its model (model.safetensors), or where there
/// is none yet the state (last.safetensors). Throws `Error` (kCheckpoint).
TrainedModel load_model(const std::filesystem::path& path);

/// Reads the state file `path`, or the one in the directory `path`. Throws `Error` (kCheckpoint)
/// when there is nothing to resume or it cannot be trusted.
SavedRun load_saved_run(const std::filesystem::path& path);

}  // namespace fmnist
