#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/html.h"

namespace fmnist {

/// Maps values onto a length of a drawing, linearly.
struct Scale {
  double low = 0.0;  // this value …
  double high = 1.0;
  double at_low = 0.0;  // … stands at this coordinate
  double at_high = 1.0;

  double operator()(double value) const {
    return at_low + (value - low) / (high - low) * (at_high - at_low);
  }
};

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
