#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "fmnist/core/config.h"
#include "fmnist/core/error.h"
#include "fmnist/data/dataset.h"
#include "fmnist/engine/select/select.h"
#include "fmnist/run/checkpoint.h"
#include "fmnist/run/provenance.h"

// What several commands do, and say, in the same way.

namespace fmnist {

/// Logs where the data comes from, and its warnings.
void log_data(const Dataset& dataset);

/// Logs what will compute where, and a warning where that is not the device asked for.
void log_machine(const Machine& machine);

/// What the results of this program on `machine` and `dataset` depend on.
Provenance provenance_of(const Machine& machine, const Dataset& dataset);

/// What --checkpoint takes, wherever it is taken.
inline constexpr const char* kCheckpointHelp =
    "a run directory, or a safetensors file of this network";

/// Throws `Error` (kUsage) when no `checkpoint` was given to `command`.
void require_checkpoint(const std::filesystem::path& checkpoint, std::string_view command);

/// Logs where the data is from, and a warning where `model` was trained on other data.
void compare_data(const TrainedModel& model, const Dataset& dataset);

/// The machine that `config` asks for. What that leaves open is as in the model's run, so that the
/// figures are the run's own to the last digit. Logs the device. Throws `Error`: kDiverged when
/// `model` has weights that are not finite, kDevice when a required device is not usable.
Machine choose_machine_for(const TrainedModel& model, const Config& config);

/// An engine that computes `model`'s outputs on `machine`.
std::unique_ptr<Engine> make_model_engine(const TrainedModel& model, const Machine& machine);

/// Warns where the saved `what` ("run", "sweep") that goes on is of another program or LibTorch.
void warn_of_other_versions(const Provenance& saved, std::string_view what);

/// An error and what to do next, as the log tells it.
std::string full_text(const Error& error);

/// `text` as one word of a shell command.
std::string shell_quoted(const std::string& text);

}  // namespace fmnist
