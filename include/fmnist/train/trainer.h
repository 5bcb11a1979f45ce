#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "fmnist/core/config.h"
#include "fmnist/data/order.h"
#include "fmnist/data/split.h"
#include "fmnist/engine/engine.h"
#include "fmnist/train/events.h"

namespace fmnist {

/// The images of a run.
struct TrainData {
  const Split* train;                        // outlives the run
  std::vector<std::uint32_t> train_indices;  // into `train`: those to train on
  Split val;                                 // empty without --val-split
  const Split* test;                         // outlives the run
};

/// Which of a data set's images `config` trains on, which it holds out, and the test set. Both
/// splits must outlive the result. Throws `Error` (kUsage) when nothing is left to train on.
TrainData make_train_data(const Config& config, const Split& train, const Split& test);

/// Optimiser updates in an epoch of `config` over `data`: the last short batch counts,
/// `limit_batches` bounds them.
std::size_t steps_per_epoch(const Config& config, const TrainData& data);

/// What the world outside wants between two steps.
enum class Request { kNone, kCheckpoint, kStop };

/// Trains from `position` to the end of `config` (see docs of the options), telling `observers`.
/// `request` is asked between steps. Stops early on kStop, after `max_time`, when `until` epochs
/// are finished (the schedule is that of all of them), or when a loss or weight stops being finite;
/// the result's status says which.
RunResult train(
    const Config& config, const TrainData& data, Engine& engine, RunPosition position,
    const std::vector<Observer*>& observers,
    const std::function<Request()>& request = [] { return Request::kNone; },
    std::optional<std::uint64_t> until = std::nullopt);

}  // namespace fmnist
