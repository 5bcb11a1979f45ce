#include "fmnist/evaluate/shifts.h"

#include <algorithm>

namespace fmnist {

Split shift_images(const Split& split, int dx, int dy) {
  constexpr int kSide = static_cast<int>(kImageSide);
  Split shifted{std::vector<std::uint8_t>(split.images.size()), split.labels};
  const int first_row = std::clamp(dy, 0, kSide);
  const int last_row = std::clamp(kSide + dy, 0, kSide);
  const int first_column = std::clamp(dx, 0, kSide);
  const int last_column = std::clamp(kSide + dx, 0, kSide);
  if (first_column >= last_column) return shifted;
  for (std::size_t image = 0; image < split.size(); ++image) {
    const auto from = split.images.begin() + static_cast<std::ptrdiff_t>(image * kImagePixels);
    const auto to = shifted.images.begin() + static_cast<std::ptrdiff_t>(image * kImagePixels);
    for (int row = first_row; row < last_row; ++row) {
      std::copy_n(from + (row - dy) * kSide + first_column - dx, last_column - first_column,
                  to + row * kSide + first_column);
    }
  }
  return shifted;
}

ShiftGrid evaluate_shifts(Engine& engine, const Split& split, int reach,
                          const std::function<void(int done, int total)>& progress) {
  const int side = 2 * reach + 1;
  ShiftGrid grid{reach, {}};
  for (int dy = -reach; dy <= reach; ++dy) {
    for (int dx = -reach; dx <= reach; ++dx) {
      grid.accuracy.push_back(mean(evaluate(engine, shift_images(split, dx, dy))).accuracy);
      progress(static_cast<int>(grid.accuracy.size()), side * side);
    }
  }
  return grid;
}

}  // namespace fmnist
