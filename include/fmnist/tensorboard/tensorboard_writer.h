#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "fmnist/core/error.h"
#include "fmnist/train/events.h"

namespace fmnist {

/// Writes a run's metrics and the filters of its first layer into a TensorBoard event file in
/// `directory`, a new one for every session of a run. A file that cannot be written does not end
/// the run: `failed` hears of it once, and nothing more is written.
std::unique_ptr<Observer> tensorboard_writer(std::filesystem::path directory,
                                             std::function<void(const Error&)> failed);

}  // namespace fmnist
