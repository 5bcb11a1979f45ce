#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fmnist/core/metrics.h"

namespace fmnist {

/// A row of metrics.csv: one finished epoch.
struct EpochMetrics {
  std::uint64_t epoch = 0;
  std::uint64_t step = 0;
  double learning_rate = 0.0;
  Metrics train;
  bool on_val = false;  // `evaluated` is over the validation images, not the test set
  Metrics evaluated;
};

/// The rows of a metrics.csv that a run of this program wrote; `name` stands for it in messages. A
/// last line without its end, as after a copy that was cut, is an error like every other. Throws
/// `Error` (kCheckpoint).
std::vector<EpochMetrics> parse_metrics_csv(std::string_view bytes, const std::string& name);

}  // namespace fmnist
