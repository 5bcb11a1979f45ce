#include "fmnist/train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace fmnist {

double Schedule::learning_rate(std::uint64_t step) const {
  if (step < warmup_steps)
    return peak * static_cast<double>(step + 1) / static_cast<double>(warmup_steps);
  if (kind == LrSchedule::kConstant || total_steps <= warmup_steps) return peak;
  // The share of the run after the warm-up that is done, in [0, 1].
  const double done = std::min(1.0, static_cast<double>(step - warmup_steps) /
                                        static_cast<double>(total_steps - warmup_steps));
  switch (kind) {
    case LrSchedule::kLinear:
      return peak * (1.0 - done);
    case LrSchedule::kCosine:  // Loshchilov and Hutter, "SGDR", ICLR 2017, without restarts
      return peak * 0.5 * (1.0 + std::cos(std::numbers::pi * done));
    case LrSchedule::kStep:  // as He et al., "Deep residual learning", CVPR 2016: /10 twice
      return peak * (done < 0.5 ? 1.0 : done < 0.75 ? 0.1 : 0.01);
    case LrSchedule::kConstant:
      break;
  }
  return peak;
}

Schedule make_schedule(const Config& config, std::uint64_t steps_per_epoch) {
  const auto per_epoch = static_cast<double>(steps_per_epoch);
  return {config.lr_schedule, config.learning_rate,
          static_cast<std::uint64_t>(std::llround(config.warmup_epochs * per_epoch)),
          steps_per_epoch * config.epochs};
}

}  // namespace fmnist
