#include "report/line_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "fmnist/core/text.h"
#include "report/page.h"
#include "report/svg.h"

namespace fmnist {
namespace {

constexpr double kHeight = 250.0;
constexpr double kTop = 30.0;
constexpr double kBottom = 210.0;
constexpr double kLineHeight = 14.0;

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
  return fmt::format("{:.6g}", value);
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

/// The x values of all curves where each has room for its number, else nothing.
std::vector<double> values_as_ticks(const LineChart& chart, const Scale& scale) {
  constexpr double kRoom = 44.0;
  std::set<double> values;
  for (const Curve& curve : chart.curves) values.insert(curve.x.begin(), curve.x.end());
  std::vector<double> ticks(values.begin(), values.end());
  for (std::size_t i = 1; i < ticks.size(); ++i)
    if (scale(ticks[i]) - scale(ticks[i - 1]) < kRoom) return {};
  return ticks;
}

/// Scale and ticks of the x axis over values from `low` to `high`.
void set_x(const LineChart& chart, double low, double high, Axes& axes) {
  const bool whole = chart.across == Across::kWhole;
  const double around = low < high ? 0.0 : (whole || low == 0.0 ? 1.0 : std::abs(low) / 2);
  axes.x = {.low = low - around,
            .high = high + around,
            .at_low = axes.left + (chart.wide ? 20.0 : 8.0),
            .at_high = axes.right - (chart.wide ? 20.0 : 4.0),
            .log = chart.across == Across::kLog && low < high};
  std::vector<double> ticks;
  if (!whole) ticks = values_as_ticks(chart, axes.x);
  if (ticks.empty()) {
    ticks = axes.x.log ? log_ticks(low, high, 8)
                       : inner_ticks(low - around, high + around, 6, whole ? 1.0 : 0.0);
  }
  for (const double tick : ticks) axes.x_ticks.emplace_back(tick, x_text(chart, tick));
}

Axes axes_of(const LineChart& chart) {
  Axes axes{.x = {},
            .y = {0.0, 1.0, kBottom, kTop},
            .right = chart.wide ? 590.0 : 274.0,  // beyond are the curves' names
            .bottom = kBottom,
            .x_name = chart.x_name,
            .y_name = chart.y_name};
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
  if (x.low > x.high) return axes;
  const std::vector<double> ticks = axis_ticks(y.low, y.high, 6);
  for (const double tick : ticks)
    axes.y_ticks.emplace_back(tick / chart.shown_as, fixed(tick, decimals_of(ticks)) + chart.unit);
  axes.y.low = axes.y_ticks.front().first;
  axes.y.high = axes.y_ticks.back().first;
  set_x(chart, x.low, x.high, axes);
  return axes;
}

/// How far the values spread: an upright line with a short one across each end.
std::string spread_bars(const LineChart& chart, const Curve& curve, const Axes& axes) {
  constexpr double kCap = 3.0;
  std::string path;
  for (std::size_t i = 0; i < curve.x.size(); ++i) {
    if (!std::isfinite(curve.y[i]) || spread_at(curve, i) == 0.0) continue;
    const Extent reach = reach_of(chart, curve, i);
    const double x = axes.x(curve.x[i]);
    const std::string low = coordinate(axes.y(reach.low));
    const std::string high = coordinate(axes.y(reach.high));
    path += fmt::format("M{0} {2}H{1}M{4} {2}V{3}M{0} {3}H{1}", coordinate(x - kCap),
                        coordinate(x + kCap), low, high, coordinate(x));
  }
  return path.empty() ? "" : fmt::format(R"(<path class="spread" d="{}"></path>)", path);
}

/// The line, and a dot per value that tells it to the pointer.
std::string line_of(const LineChart& chart, const Curve& curve, const Axes& axes) {
  std::string path;
  std::string dots;
  for (std::size_t i = 0; i < curve.x.size(); ++i) {
    if (!std::isfinite(curve.y[i])) continue;
    const std::string x = coordinate(axes.x(curve.x[i]));
    const std::string y = coordinate(axes.y(curve.y[i]));
    path += fmt::format("{}{} {}", path.empty() ? "M" : "L", x, y);
    std::string tip = fmt::format("{}, {} {}: {}", curve.name, chart.x_name,
                                  x_text(chart, curve.x[i]), written(chart, curve.y[i]));
    if (spread_at(curve, i) > 0) tip += " ± " + written(chart, spread_at(curve, i));
    const bool last = i + 1 == curve.x.size();
    dots += fmt::format(R"(<circle class="{}" cx="{}" cy="{}" r="{}"><title>{}</title></circle>)",
                        last ? "dot last" : "dot", x, y, last || chart.wide ? 3 : 4, escape(tip));
  }
  if (path.empty()) return {};
  return fmt::format(R"(<g class="curve {}"><path d="{}"></path>{}{}</g>)", curve.css_class, path,
                     spread_bars(chart, curve, axes), dots);
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
  const double x = axes.right + 8;
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
  std::string svg = svg_text(0, 14, chart.title, "start", "chart-title") + draw(axes);
  for (const Curve& curve : chart.curves) svg += line_of(chart, curve, axes);
  return svg_drawing(chart.wide ? 740 : 360, kHeight,
                     fmt::format("{} over {}", chart.title, chart.x_name),
                     svg + end_labels(chart, axes));
}

}  // namespace fmnist
