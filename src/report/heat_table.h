#pragma once

#include <string>
#include <vector>

namespace fmnist {

/// A cell of a heat table: a number on a ground that is the stronger the more it says.
struct HeatCell {
  enum class Hue { kRight, kWrong };
  std::string text;
  double strength = 0.0;  // 0 to 1
  Hue hue = Hue::kRight;
  bool marked = false;  // outlined
  std::string tip;      // what the pointer finds
};

/// Numbers as colours, with both readable.
struct HeatTable {
  std::string caption;  // what stands in it, for readers who do not see it
  std::string row_name;
  std::string column_name;
  std::vector<std::string> rows;
  std::vector<std::string> columns;
  bool upright_columns = false;  // their heads are long: read upwards
  std::vector<std::vector<HeatCell>> cells;
};

/// The table as HTML.
std::string draw(const HeatTable& table);

}  // namespace fmnist
