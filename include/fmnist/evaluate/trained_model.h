#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "fmnist/core/config.h"
#include "fmnist/core/parameters.h"
#include "fmnist/data/dataset.h"
#include "fmnist/data/split.h"
#include "fmnist/run/checkpoint.h"

namespace fmnist {

/// A network to look at, and what its checkpoint says of its training.
struct TrainedModel {
  std::filesystem::path file;
  Parameters parameters;
  std::optional<CheckpointInfo> info;  // with `config`; not in a model that another program wrote
  std::optional<Config> config;
};

/// Reads the checkpoint `path`, or of a run directory its model (model.safetensors), or where there
/// is none yet the state (last.safetensors). Throws `Error` (kCheckpoint).
TrainedModel load_model(const std::filesystem::path& path);

enum class SplitName { kTest, kVal, kTrain };

/// "test", "val" or "train".
std::string_view to_string(SplitName split);

/// The images of `dataset` that the model's run tested with, held out, or trained on; those of the
/// whole training file for kTrain when the model does not say. Throws `Error`: kUsage when nothing
/// was held out, kData when it was trained on other data, so that the parts are unknown.
Split select_split(const TrainedModel& model, const Dataset& dataset, SplitName split);

}  // namespace fmnist
