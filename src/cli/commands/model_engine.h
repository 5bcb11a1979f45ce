#pragma once

#include <memory>

#include "fmnist/core/config.h"
#include "fmnist/data/dataset.h"
#include "fmnist/engine/engine.h"
#include "fmnist/evaluate/trained_model.h"

namespace fmnist {

/// Logs where the data is from, and a warning where `model` was trained on other data.
void log_data(const TrainedModel& model, const Dataset& dataset);

/// An engine that computes `model`'s outputs (it cannot train) on the machine that `config` asks
/// for. What that leaves open is as in the model's run, so that the figures are the run's own to
/// the last digit. Throws `Error` (kDevice) when a required device is not usable.
std::unique_ptr<Engine> make_model_engine(const TrainedModel& model, const Config& config);

}  // namespace fmnist
