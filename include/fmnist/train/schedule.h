#pragma once

#include <cstdint>

#include "fmnist/core/config.h"

namespace fmnist {

/// The learning rate as a pure function of the step.
struct Schedule {
  LrSchedule kind = LrSchedule::kConstant;
  double peak = 0.01;              // after the warm-up
  std::uint64_t warmup_steps = 0;  // rises linearly from peak / warmup_steps
  std::uint64_t total_steps = 1;   // linear and cosine reach 0 here

  /// The rate of the update number `step` (from 0).
  double learning_rate(std::uint64_t step) const;
};

/// The schedule of a run of `config` with `steps_per_epoch` updates per epoch.
Schedule make_schedule(const Config& config, std::uint64_t steps_per_epoch);

}  // namespace fmnist
