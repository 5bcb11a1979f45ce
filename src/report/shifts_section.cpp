#include <algorithm>
#include <cstdlib>

#include "fmnist/core/text.h"
#include "report/heat_table.h"
#include "report/html.h"
#include "report/sections.h"

namespace fmnist {
namespace {

constexpr double kChance = 1.0 / kClassCount;

/// "−2", "0", "+2".
std::string offset(int pixels) {
  if (pixels < 0) return "\xE2\x88\x92" + std::to_string(-pixels);
  return (pixels > 0 ? "+" : "") + std::to_string(pixels);
}

std::string place(int dx, int dy) {
  const auto part = [](int pixels, const char* back, const char* ahead) {
    return pixels == 0 ? std::string()
                       : " " + counted(static_cast<std::uint64_t>(std::abs(pixels)), "pixel") +
                             (pixels < 0 ? back : ahead);
  };
  const std::string moved = part(dx, " left", " right") + part(dy, " up", " down");
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

std::string answer(const ShiftGrid& grid) {
  std::string text = "Does the network fail when the shoe is moved a little? Where they stand, " +
                     element("strong", {}, percentage(grid.at(0, 0), 1)) +
                     " of the test images are recognised; one pixel off still " +
                     element("strong", {}, percentage(lowest_at(grid, 1), 1)) +
                     " in the worst direction";
  if (grid.reach > 1) {
    text += ", " + std::to_string(grid.reach) + " pixels off " +
            element("strong", {}, percentage(lowest_at(grid, grid.reach), 1));
  }
  return text + ".";
}

}  // namespace

Section shifts_section(const ReportContent& content) {
  const ShiftGrid& grid = *content.shifts;
  HeatTable table{.caption = "Test accuracy in percent when the images are moved",
                  .row_name = "down",
                  .column_name = "right",
                  .rows = {},
                  .columns = {},
                  .cells = {}};
  for (int dy = -grid.reach; dy <= grid.reach; ++dy) {
    table.rows.push_back(offset(dy));
    table.columns.push_back(offset(dy));
    auto& row = table.cells.emplace_back();
    for (int dx = -grid.reach; dx <= grid.reach; ++dx) {
      const double accuracy = grid.at(dx, dy);
      row.push_back({.text = fixed(100.0 * accuracy, 1),
                     .strength = std::max(0.0, (accuracy - kChance) / (1.0 - kChance)),
                     .marked = dx == 0 && dy == 0,
                     .tip = place(dx, dy) + ": " + percentage(accuracy)});
    }
  }
  return {"shifts", "Moved images",
          lead(answer(grid)) +
              figure_beside(
                  draw(table),
                  "Percent of the test images recognised when all are moved by so many pixels, "
                  "with black where nothing was. The middle, outlined, is the unmoved test set; "
                  "the paler, the closer to guessing (10%).")};
}

}  // namespace fmnist
