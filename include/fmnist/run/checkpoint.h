#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "fmnist/core/parameters.h"

namespace fmnist {

/// Where a checkpoint comes from and how far its training was: its metadata, besides the format
/// version, the digests and the constants of the data (class names, mean, standard deviation).
struct CheckpointInfo {
  std::uint64_t epoch = 0;  // finished epochs
  std::uint64_t step = 0;   // optimiser updates done so far
  std::string config_json;
  std::string engine;
  std::string program_version;
  std::string libtorch_version;
  std::string data_sha256;
  std::map<std::string, std::string> resume;  // more that a resumed run needs, by name

  bool operator==(const CheckpointInfo&) const = default;
};

/// A checkpoint file's content.
struct Checkpoint {
  Parameters parameters;
  std::optional<TrainState> state;     // in a training state; its parameters are the same
  std::optional<Parameters> best;      // likewise, of a run with a validation split
  std::optional<CheckpointInfo> info;  // not in a model that another program wrote

  bool operator==(const Checkpoint&) const = default;
};

/// The bytes of a model file: exactly the eight parameters, named as in Python. Throws `Error`
/// (kCheckpoint) when a text of `info` is not UTF-8.
std::string encode_model(const Parameters& parameters, const CheckpointInfo& info);

/// The bytes of a training state: the eight parameters and their momentum buffers, under
/// `momentum.<name>`, and those of the best epoch so far, if any, under `best.<name>`. The step is
/// the state's; `info.step` is not looked at. Throws as `encode_model` does.
std::string encode_training_state(const TrainState& state, const Parameters* best,
                                  const CheckpointInfo& info);

/// Reads what the two functions above write, or a safetensors file of just the eight parameters
/// from elsewhere; `name` stands for it in messages. Throws `Error` (kCheckpoint) on a damaged
/// file, on names, shapes or types of another network, on a digest that does not match, and on a
/// file of a newer program. A change in any byte of a file written here is noticed.
Checkpoint decode_checkpoint(std::string_view bytes, const std::string& name);

/// `decode_checkpoint` of the file at `path`; throws also when that cannot be read.
Checkpoint load_checkpoint(const std::filesystem::path& path);

}  // namespace fmnist
