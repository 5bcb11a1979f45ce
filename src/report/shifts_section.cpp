#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "fmnist/core/text.h"
#include "report/sections.h"

namespace fmnist {
namespace {

using nlohmann::json;

constexpr double kChance = 1.0 / kClassCount;

/// "−2", "0", "+2".
std::string offset(int pixels) {
  return pixels < 0 ? fmt::format("−{}", -pixels)
                    : fmt::format("{}{}", pixels > 0 ? "+" : "", pixels);
}

std::string place(int dx, int dy) {
  const auto part = [](int pixels, const char* back, const char* ahead) {
    return pixels == 0 ? std::string()
                       : fmt::format(" {} {}",
                                     counted(static_cast<std::uint64_t>(std::abs(pixels)), "pixel"),
                                     pixels < 0 ? back : ahead);
  };
  const std::string moved = part(dx, "left", "right") + part(dy, "up", "down");
  return moved.empty() ? "not moved" : "moved" + moved;
}

/// The lowest accuracy where the larger of both offsets is `distance`.
double lowest_at(const ShiftGrid& grid, int distance) {
  double lowest = 1.0;
  for (int dy = -distance; dy <= distance; ++dy) {
    for (int dx = -distance; dx <= distance; ++dx) {
      if (std::max(std::abs(dx), std::abs(dy)) == distance)
        lowest = std::min(lowest, grid.at(dx, dy));
    }
  }
  return lowest;
}

}  // namespace

json shifts_section(const std::optional<ShiftGrid>& shifts) {
  if (!shifts) return nullptr;
  const ShiftGrid& grid = *shifts;
  json rows;
  for (int dy = -grid.reach; dy <= grid.reach; ++dy) {
    json cells;
    for (int dx = -grid.reach; dx <= grid.reach; ++dx) {
      const double accuracy = grid.at(dx, dy);
      cells.push_back(heat_cell(fixed(100.0 * accuracy, 1),
                                std::max(0.0, (accuracy - kChance) / (1.0 - kChance)),
                                /*right=*/true, /*marked=*/dx == 0 && dy == 0,
                                fmt::format("{}: {}", place(dx, dy), percentage(accuracy))));
    }
    rows.push_back({{"name", offset(dy)}, {"cells", cells}});
  }
  json farthest;
  if (grid.reach > 1) {
    farthest = {{"pixels", grid.reach}, {"accuracy", percentage(lowest_at(grid, grid.reach), 1)}};
  }
  return {{"unmoved", percentage(grid.at(0, 0), 1)},
          {"one_pixel", percentage(lowest_at(grid, 1), 1)},
          {"farthest", farthest},
          {"rows", rows}};
}

}  // namespace fmnist
