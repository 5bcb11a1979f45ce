#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "fmnist/data/split.h"
#include "fmnist/engine/engine.h"

namespace fmnist {

/// The largest reach that `shifts_table` shows within 80 columns: a quarter of the image.
inline constexpr int kMaxShiftReach = 7;

/// The images of `split` moved by `dx` pixels to the right and `dy` down (negative: left, up); what
/// comes into view is 0, the background.
Split shift_images(const Split& split, int dx, int dy);

/// Accuracy on images moved by -reach to reach pixels in both directions.
struct ShiftGrid {
  int reach = 0;
  std::vector<double> accuracy;  // [2 reach + 1, 2 reach + 1], rows by dy, columns by dx

  double at(int dx, int dy) const {
    const auto side = static_cast<std::size_t>(2 * reach + 1);
    return accuracy[static_cast<std::size_t>(dy + reach) * side +
                    static_cast<std::size_t>(dx + reach)];
  }
};

/// Evaluates `split` once per shift; `progress` hears after each how many of how many are done.
ShiftGrid evaluate_shifts(
    Engine& engine, const Split& split, int reach,
    const std::function<void(int done, int total)>& progress = [](int, int) {});

}  // namespace fmnist
