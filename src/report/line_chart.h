#pragma once

#include <string>
#include <utility>
#include <vector>

#include "fmnist/sweep/statistics.h"

namespace fmnist {

/// A curve; points whose y is not finite are left out.
struct Curve {
  std::string name;                               // stands at its end
  std::string css_class;                          // of its colour: "train", "test"
  std::vector<std::pair<double, Spread>> points;  // x, and y with how far it reaches up and down
};

/// Curves over epochs, half as wide as the page, or over the values of an option.
struct LineChart {
  std::string title;
  std::string x_name;
  std::string y_name;
  std::vector<Curve> curves;
  bool share = false;        // y lies within 0 and 1, and so do the ends of its spread: in percent
  bool over_values = false;  // as wide as the page; a curve's last value is not under its name
  bool log = false;          // the x axis
};

/// The chart as SVG, each curve with its name at its end.
std::string draw(const LineChart& chart);

}  // namespace fmnist
