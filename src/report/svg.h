#pragma once

#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fmnist {

/// Maps values onto a length of a drawing, linearly, or their logarithms where `log`.
struct Scale {
  double low = 0.0;  // this value …
  double high = 1.0;
  double at_low = 0.0;  // … stands at this coordinate
  double at_high = 1.0;
  bool log = false;

  double operator()(double value) const {
    const double share =
        log ? (std::log10(value) - std::log10(low)) / (std::log10(high) - std::log10(low))
            : (value - low) / (high - low);
    return at_low + share * (at_high - at_low);
  }
};

/// Where the axes of every drawing stand: left of it are the names and values of the y axis.
inline constexpr double kAxesLeft = 46.0;

/// The axes of a drawing: what its parts share to find their places.
struct Axes {
  Scale x;
  Scale y;
  double right = 0.0;
  double bottom = 0.0;  // here is the x axis; `y` may end above it
  std::string x_name;
  std::string y_name;
  std::vector<std::pair<double, std::string>> x_ticks = {};  // values, and as they are written
  std::vector<std::pair<double, std::string>> y_ticks = {};  // likewise; each has a line across
};

/// The axes with their ticks and names.
std::string draw(const Axes& axes);

/// The round values of an axis from `low` to `high`: multiples of 1, 2 or 5 times a power of ten,
/// at most `most` + 1 of them, the first at or below `low`, the last at or above `high`. Where both
/// are equal the axis reaches a little around them.
std::vector<double> axis_ticks(double low, double high, int most);

/// Such round values that lie within `low` to `high`, at least `least_step` apart: 1 for whole
/// numbers.
std::vector<double> inner_ticks(double low, double high, int most, double least_step);

/// The round values of a logarithmic axis that lie within the positive `low` to `high`: 1, 2 or 5
/// times a power of ten, only the powers where these are more than `most`.
std::vector<double> log_ticks(double low, double high, int most);

/// The decimals that tell `ticks` apart.
int decimals_of(const std::vector<double>& ticks);

/// A coordinate as it stands in SVG: two decimals at most.
std::string coordinate(double value);

/// A line from (x1, y1) to (x2, y2).
std::string svg_line(double x1, double y1, double x2, double y2, std::string_view css_class);

/// `text`, which is escaped, at (x, y); `anchor` is "start", "middle" or "end".
std::string svg_text(double x, double y, std::string_view text, std::string_view anchor,
                     std::string_view css_class);

/// `text` read upwards around (x, y): the name of a vertical axis.
std::string svg_upright_text(double x, double y, std::string_view text);

/// A drawing of width × height units that grows with the page; `label` says what it is.
std::string svg_drawing(double width, double height, std::string_view label,
                        std::string_view content);

}  // namespace fmnist
