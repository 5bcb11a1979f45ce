#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fmnist/core/metrics.h"
#include "fmnist/train/events.h"

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

/// The header and one row (newline included) of metrics.csv. It holds no times: a resumed run
/// writes the same bytes as one that was never stopped.
std::string metrics_csv_header();
std::string metrics_csv_row(const EpochFinished& epoch);

/// The rows of a metrics.csv that a run of this program wrote; `name` stands for it in messages. A
/// last line without its end, as after a copy that was cut, is an error like every other. Throws
/// `Error` (kCheckpoint).
std::vector<EpochMetrics> parse_metrics_csv(std::string_view bytes, const std::string& name);

/// The header and the rows of the first `epochs` epochs of a metrics.csv, fewer where it lacks
/// some; nothing without a header.
std::string first_epochs(std::string_view bytes, std::uint64_t epochs);

}  // namespace fmnist
