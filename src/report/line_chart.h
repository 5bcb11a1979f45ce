#pragma once

#include <string>
#include <vector>

namespace fmnist {

/// A curve: y over x, both as long; values that are not finite are left out.
struct Curve {
  std::string name;       // stands at its end
  std::string css_class;  // of its colour: "train", "test"
  std::vector<double> x;
  std::vector<double> y;
  std::vector<double> spread = {};  // of each y: it reaches so far up and down; empty: unknown
};

/// Where the values of the x axis stand.
enum class Across { kWhole, kLinear, kLog };

/// Curves over whole numbers, such as epochs, or others.
struct LineChart {
  std::string title;
  std::string x_name;
  std::string y_name;
  std::vector<Curve> curves;
  double shown_as = 1.0;  // y is multiplied by this in what is written: 100 for percent
  int decimals = 4;       // of the values at the ends and of those that the pointer finds
  std::string unit = {};  // behind a written y: "%"
  Across across = Across::kWhole;
  bool share = false;        // y lies within 0 and 1, and so do the ends of its spread
  bool wide = false;         // as wide as the page, not half of it
  bool value_at_end = true;  // a curve's last value under its name
};

/// The chart as SVG, each curve with its name at its end.
std::string draw(const LineChart& chart);

}  // namespace fmnist
