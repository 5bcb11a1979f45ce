#include "report/line_chart.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "fmnist/core/numbers.h"
#include "report/svg.h"

namespace fmnist {
namespace {

constexpr double kWidth = 360.0;
constexpr double kHeight = 250.0;
constexpr double kLeft = 46.0;
constexpr double kRight = 274.0;  // beyond it the curves' names
constexpr double kTop = 30.0;
constexpr double kBottom = 210.0;
constexpr double kLabelHeight = 28.0;  // two lines of text

struct Extent {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void include(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

/// A curve's name and last value beside its end.
struct EndLabel {
  const Curve* curve;
  double value;
  double y;  // where it stands
};

std::string written(const LineChart& chart, double value) {
  return fixed(value * chart.shown_as, chart.decimals) + chart.unit;
}

/// Every place of the drawing that its parts share.
struct Axes {
  Scale x;
  Scale y;
  std::vector<double> x_ticks;
  std::vector<double> y_ticks;
};

Axes axes_of(const LineChart& chart) {
  Extent x;
  Extent y;
  for (const Curve& curve : chart.curves) {
    for (std::size_t i = 0; i < curve.x.size(); ++i) {
      if (!std::isfinite(curve.y[i])) continue;
      x.include(curve.x[i]);
      y.include(curve.y[i] * chart.shown_as);
    }
  }
  if (x.low > x.high) return {{}, {}, {}, {}};
  Axes axes;
  axes.y_ticks = axis_ticks(y.low, y.high, 6);
  axes.y = {axes.y_ticks.front() / chart.shown_as, axes.y_ticks.back() / chart.shown_as, kBottom,
            kTop};
  if (x.low == x.high) x = {x.low - 1.0, x.high + 1.0};
  axes.x_ticks = whole_ticks(x.low, x.high, 6);
  axes.x = {x.low, x.high, kLeft + 8.0, kRight - 4.0};
  return axes;
}

std::string frame(const LineChart& chart, const Axes& axes) {
  std::string svg = svg_text(0, 14, chart.title, "start", "chart-title");
  const int decimals = decimals_of(axes.y_ticks);
  for (const double tick : axes.y_ticks) {
    const double y = axes.y(tick / chart.shown_as);
    svg += svg_line(kLeft, y, kRight, y, "grid");
    svg += svg_text(kLeft - 6, y + 3.5, fixed(tick, decimals) + chart.unit, "end", "tick");
  }
  for (const double tick : axes.x_ticks)
    svg += svg_text(axes.x(tick), kBottom + 16, fixed(tick, 0), "middle", "tick");
  svg += svg_line(kLeft, kBottom, kRight, kBottom, "axis");
  svg += svg_text((kLeft + kRight) / 2, kBottom + 34, chart.x_name, "middle", "axis-name");
  return svg + svg_upright_text(9, (kTop + kBottom) / 2, chart.y_name);
}

/// The line, and a dot per value that tells it to the pointer.
std::string line_of(const LineChart& chart, const Curve& curve, const Axes& axes) {
  std::string path;
  std::string dots;
  for (std::size_t i = 0; i < curve.x.size(); ++i) {
    if (!std::isfinite(curve.y[i])) continue;
    const std::string x = coordinate(axes.x(curve.x[i]));
    const std::string y = coordinate(axes.y(curve.y[i]));
    path += (path.empty() ? "M" : "L") + x + " " + y;
    const std::string tip = curve.name + ", " + chart.x_name + " " + fixed(curve.x[i], 0) + ": " +
                            written(chart, curve.y[i]);
    const bool last = i + 1 == curve.x.size();
    dots += element(
        "circle",
        {{"class", last ? "dot last" : "dot"}, {"cx", x}, {"cy", y}, {"r", last ? "3" : "4"}},
        element("title", {}, escape(tip)));
  }
  if (path.empty()) return {};
  return element("g", {{"class", "curve " + curve.css_class}},
                 element("path", {{"d", path}}, "") + dots);
}

/// The names at the ends, moved apart where they would meet.
std::string end_labels(const LineChart& chart, const Axes& axes) {
  std::vector<EndLabel> labels;
  for (const Curve& curve : chart.curves) {
    if (!curve.y.empty() && std::isfinite(curve.y.back()))
      labels.push_back({&curve, curve.y.back(), axes.y(curve.y.back())});
  }
  std::ranges::sort(labels, {}, &EndLabel::y);
  for (std::size_t i = 1; i < labels.size(); ++i) {
    const double overlap = labels[i - 1].y + kLabelHeight - labels[i].y;
    if (overlap <= 0) continue;
    labels[i - 1].y -= overlap / 2;
    labels[i].y += overlap / 2;
  }
  std::string svg;
  for (const EndLabel& label : labels) {
    const std::string css_class = "end-label " + label.curve->css_class;
    svg += svg_text(kRight + 8, label.y - 2, label.curve->name, "start", css_class);
    svg += svg_text(kRight + 8, label.y + 12, written(chart, label.value), "start",
                    css_class + " value");
  }
  return svg;
}

}  // namespace

std::string draw(const LineChart& chart) {
  const Axes axes = axes_of(chart);
  std::string svg = frame(chart, axes);
  for (const Curve& curve : chart.curves) svg += line_of(chart, curve, axes);
  return svg_drawing(kWidth, kHeight, chart.title + " over " + chart.x_name,
                     svg + end_labels(chart, axes));
}

}  // namespace fmnist
