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
};

/// Curves over whole numbers, such as epochs.
struct LineChart {
  std::string title;
  std::string x_name;
  std::string y_name;
  std::vector<Curve> curves;
  double shown_as = 1.0;  // y is multiplied by this in what is written: 100 for percent
  int decimals = 4;       // of the values at the ends and of those that the pointer finds
  std::string unit = {};  // behind a written y: "%"
};

/// The chart as SVG, each curve with its name and last value at its end.
std::string draw(const LineChart& chart);

}  // namespace fmnist
