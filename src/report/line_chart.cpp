#include "report/line_chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <set>

#include "fmnist/core/text.h"
#include "report/svg.h"

namespace fmnist {
namespace {

constexpr double kHeight = 250.0;
constexpr double kLeft = 46.0;
constexpr double kTop = 30.0;
constexpr double kBottom = 210.0;
constexpr double kLineHeight = 14.0;

/// The width of the drawing, and where its axes end: beyond are the curves' names.
double width_of(const LineChart& chart) { return chart.wide ? 740.0 : 360.0; }
double right_of(const LineChart& chart) { return chart.wide ? 590.0 : 274.0; }

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

/// A value of the x axis as it is written.
std::string x_text(const LineChart& chart, double value) {
  if (chart.across == Across::kWhole) return fixed(value, 0);
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.6g", value);
  return text.data();
}

double spread_at(const Curve& curve, std::size_t i) {
  return curve.spread.empty() || !std::isfinite(curve.spread[i]) ? 0.0 : curve.spread[i];
}

/// The ends of a value's spread.
Extent reach_of(const LineChart& chart, const Curve& curve, std::size_t i) {
  const double spread = spread_at(curve, i);
  Extent reach{curve.y[i] - spread, curve.y[i] + spread};
  if (chart.share) reach = {std::max(reach.low, 0.0), std::min(reach.high, 1.0)};
  return reach;
}

/// Every place of the drawing that its parts share.
struct Axes {
  Scale x;
  Scale y;
  std::vector<double> x_ticks;
  std::vector<double> y_ticks;
  bool log = false;

  double x_at(double value) const { return x(log ? std::log10(value) : value); }
};

/// The x values of all curves where each has room for its number, else nothing.
std::vector<double> values_as_ticks(const LineChart& chart, const Axes& axes) {
  constexpr double kRoom = 44.0;
  std::set<double> values;
  for (const Curve& curve : chart.curves) values.insert(curve.x.begin(), curve.x.end());
  std::vector<double> ticks(values.begin(), values.end());
  for (std::size_t i = 1; i < ticks.size(); ++i)
    if (axes.x_at(ticks[i]) - axes.x_at(ticks[i - 1]) < kRoom) return {};
  return ticks;
}

/// Ticks and scale of the x axis over values from `low` to `high`.
void set_x(const LineChart& chart, double low, double high, Axes& axes) {
  const bool whole = chart.across == Across::kWhole;
  const double left = kLeft + (chart.wide ? 20.0 : 8.0);
  const double right = right_of(chart) - (chart.wide ? 20.0 : 4.0);
  const double around = low < high ? 0.0 : (whole || low == 0.0 ? 1.0 : std::abs(low) / 2);
  axes.log = chart.across == Across::kLog && low < high;
  axes.x = {low - around, high + around, left, right};
  if (axes.log) axes.x = {std::log10(low), std::log10(high), left, right};
  if (!whole) axes.x_ticks = values_as_ticks(chart, axes);
  if (!axes.x_ticks.empty()) return;
  axes.x_ticks = axes.log ? log_ticks(low, high, 8)
                          : inner_ticks(low - around, high + around, 6, whole ? 1.0 : 0.0);
}

Axes axes_of(const LineChart& chart) {
  Extent x;
  Extent y;
  for (const Curve& curve : chart.curves) {
    for (std::size_t i = 0; i < curve.x.size(); ++i) {
      if (!std::isfinite(curve.y[i])) continue;
      x.include(curve.x[i]);
      const Extent reach = reach_of(chart, curve, i);
      y.include(reach.low * chart.shown_as);
      y.include(reach.high * chart.shown_as);
    }
  }
  if (x.low > x.high) return {};
  Axes axes;
  axes.y_ticks = axis_ticks(y.low, y.high, 6);
  axes.y = {axes.y_ticks.front() / chart.shown_as, axes.y_ticks.back() / chart.shown_as, kBottom,
            kTop};
  set_x(chart, x.low, x.high, axes);
  return axes;
}

std::string frame(const LineChart& chart, const Axes& axes) {
  std::string svg = svg_text(0, 14, chart.title, "start", "chart-title");
  const int decimals = decimals_of(axes.y_ticks);
  const double right = right_of(chart);
  for (const double tick : axes.y_ticks) {
    const double y = axes.y(tick / chart.shown_as);
    svg += svg_line(kLeft, y, right, y, "grid");
    svg += svg_text(kLeft - 6, y + 3.5, fixed(tick, decimals) + chart.unit, "end", "tick");
  }
  for (const double tick : axes.x_ticks)
    svg += svg_text(axes.x_at(tick), kBottom + 16, x_text(chart, tick), "middle", "tick");
  svg += svg_line(kLeft, kBottom, right, kBottom, "axis");
  svg += svg_text((kLeft + right) / 2, kBottom + 34, chart.x_name, "middle", "axis-name");
  return svg + svg_upright_text(9, (kTop + kBottom) / 2, chart.y_name);
}

/// How far the values spread: an upright line with a short one across each end.
std::string spread_bars(const LineChart& chart, const Curve& curve, const Axes& axes) {
  constexpr double kCap = 3.0;
  std::string path;
  for (std::size_t i = 0; i < curve.x.size(); ++i) {
    if (!std::isfinite(curve.y[i]) || spread_at(curve, i) == 0.0) continue;
    const Extent reach = reach_of(chart, curve, i);
    const double x = axes.x_at(curve.x[i]);
    const std::string low = coordinate(axes.y(reach.low));
    const std::string high = coordinate(axes.y(reach.high));
    const std::string left = coordinate(x - kCap);
    const std::string right = coordinate(x + kCap);
    path += "M" + left + " " + low + "H" + right + "M" + coordinate(x) + " " + low + "V" + high;
    path += "M" + left + " " + high + "H" + right;
  }
  return path.empty() ? "" : element("path", {{"class", "spread"}, {"d", path}}, "");
}

/// The line, and a dot per value that tells it to the pointer.
std::string line_of(const LineChart& chart, const Curve& curve, const Axes& axes) {
  std::string path;
  std::string dots;
  for (std::size_t i = 0; i < curve.x.size(); ++i) {
    if (!std::isfinite(curve.y[i])) continue;
    const std::string x = coordinate(axes.x_at(curve.x[i]));
    const std::string y = coordinate(axes.y(curve.y[i]));
    path += (path.empty() ? "M" : "L") + x + " " + y;
    const std::string tip =
        curve.name + ", " + chart.x_name + " " + x_text(chart, curve.x[i]) + ": " +
        written(chart, curve.y[i]) +
        (spread_at(curve, i) > 0 ? " \xC2\xB1 " + written(chart, spread_at(curve, i)) : "");
    const bool last = i + 1 == curve.x.size();
    dots += element("circle",
                    {{"class", last ? "dot last" : "dot"},
                     {"cx", x},
                     {"cy", y},
                     {"r", last || chart.wide ? "3" : "4"}},
                    element("title", {}, escape(tip)));
  }
  if (path.empty()) return {};
  return element("g", {{"class", "curve " + curve.css_class}},
                 element("path", {{"d", path}}, "") + spread_bars(chart, curve, axes) + dots);
}

/// The names at the ends, moved apart where they would meet.
std::string end_labels(const LineChart& chart, const Axes& axes) {
  std::vector<EndLabel> labels;
  for (const Curve& curve : chart.curves) {
    if (!curve.name.empty() && !curve.y.empty() && std::isfinite(curve.y.back()))
      labels.push_back({&curve, curve.y.back(), axes.y(curve.y.back())});
  }
  std::ranges::sort(labels, {}, &EndLabel::y);
  const double height = chart.value_at_end ? 2 * kLineHeight : kLineHeight;
  // Neighbours push each other apart; as a push may bring them to the next ones, more than once.
  for (std::size_t round = 0; round < 10 * labels.size(); ++round) {
    for (std::size_t i = 1; i < labels.size(); ++i) {
      const double overlap = labels[i - 1].y + height - labels[i].y;
      if (overlap <= 0) continue;
      labels[i - 1].y -= overlap / 2;
      labels[i].y += overlap / 2;
    }
  }
  const double x = right_of(chart) + 8;
  std::string svg;
  for (const EndLabel& label : labels) {
    const std::string css_class = "end-label " + label.curve->css_class;
    const double y = chart.value_at_end ? label.y - 2 : label.y + 4;
    svg += svg_text(x, y, label.curve->name, "start", css_class);
    if (chart.value_at_end) {
      svg += svg_text(x, label.y + 12, written(chart, label.value), "start", css_class + " value");
    }
  }
  return svg;
}

}  // namespace

std::string draw(const LineChart& chart) {
  const Axes axes = axes_of(chart);
  std::string svg = frame(chart, axes);
  for (const Curve& curve : chart.curves) svg += line_of(chart, curve, axes);
  return svg_drawing(width_of(chart), kHeight, chart.title + " over " + chart.x_name,
                     svg + end_labels(chart, axes));
}

}  // namespace fmnist
