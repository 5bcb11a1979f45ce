#pragma once

#include <memory>

#include "fmnist/engine/engine.h"

namespace fmnist {

/// The project's own CPU training step, without LibTorch: see `Engine` for the contract. `threads`
/// is the size of the team; the results do not depend on it.
std::unique_ptr<Engine> make_fused_engine(const Config& config, const TrainState& state,
                                          int threads);

/// What an engine made with `threads` says of itself: its team has no more than it has work for.
/// Throws `Error` (kUsage) as making one does.
EngineInfo fused_engine_info(int threads);

}  // namespace fmnist
