#pragma once

#include <string>

#include "fmnist/sweep/saved_sweep.h"

namespace fmnist {

/// The most lines of the chart: as many as the eye tells apart.
inline constexpr std::size_t kLinesInSweepChart = 6;

/// Validation accuracy against one option that varies.
struct SweepChart {
  std::string option;   // that option: "lr"; empty: no option with numbers varies, nothing to draw
  std::string svg;      // empty: no setting was trained to its end
  std::string caption;  // what is shown, and what is not
};

/// The chart over lr, or else over the first option whose values are numbers; a line for each
/// combination of the other options' values.
SweepChart sweep_chart(const SavedSweep& sweep);

}  // namespace fmnist
