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
  double y;  // where it stands
};

std::string written(const LineChart& chart, double value) {
  return chart.share ? percentage(value) : fixed(value, 4);
}

/// A value of the x axis as it is written.
std::string x_text(const LineChart& chart, double value) {
  return chart.over_values ? fmt::format("{:.6g}", value) : fixed(value, 0);
}

/// The ends of a value's spread.
Extent reach_of(const LineChart& chart, const Spread& y) {
  const double sd = y.sd.value_or(0.0);
  Extent reach{y.mean - sd, y.mean + sd};
  if (chart.share) reach = {std::max(reach.low, 0.0), std::min(reach.high, 1.0)};
  return reach;
}

/// The x values of all curves where each has room for its number, else nothing.
std::vector<double> values_as_ticks(const LineChart& chart, const Scale& scale) {
  constexpr double kRoom = 44.0;
  std::set<double> values;
  for (const Curve& curve : chart.curves)
    for (const auto& [x, y] : curve.points) values.insert(x);
  std::vector<double> ticks(values.begin(), values.end());
  for (std::size_t i = 1; i < ticks.size(); ++i)
    if (scale(ticks[i]) - scale(ticks[i - 1]) < kRoom) return {};
  return ticks;
}

/// Scale and ticks of the x axis over values from `low` to `high`.
void set_x(const LineChart& chart, double low, double high, Axes& axes) {
  const bool whole = !chart.over_values;
  const double around = low < high ? 0.0 : (whole || low == 0.0 ? 1.0 : std::abs(low) / 2);
  axes.x = {.low = low - around,
            .high = high + around,
            .at_low = kAxesLeft + (whole ? 8.0 : 20.0),
            .at_high = axes.right - (whole ? 4.0 : 20.0),
            .log = chart.log && low < high};
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
            .right = chart.over_values ? 590.0 : 274.0,  // beyond are the curves' names
            .bottom = kBottom,
            .x_name = chart.x_name,
            .y_name = chart.y_name};
  const double unit = chart.share ? 100.0 : 1.0;
  Extent x;
  Extent y;
  for (const Curve& curve : chart.curves) {
    for (const auto& [at, value] : curve.points) {
      if (!std::isfinite(value.mean)) continue;
      x.include(at);
      const Extent reach = reach_of(chart, value);
      y.include(reach.low * unit);
      y.include(reach.high * unit);
    }
  }
  if (x.low > x.high) return axes;
  const std::vector<double> ticks = axis_ticks(y.low, y.high, 6);
  for (const double tick : ticks)
    axes.y_ticks.emplace_back(tick / unit,
                              fixed(tick, decimals_of(ticks)) + (chart.share ? "%" : ""));
  axes.y.low = axes.y_ticks.front().first;
  axes.y.high = axes.y_ticks.back().first;
  set_x(chart, x.low, x.high, axes);
  return axes;
}

/// How far the values spread: an upright line with a short one across each end.
std::string spread_bars(const LineChart& chart, const Curve& curve, const Axes& axes) {
  constexpr double kCap = 3.0;
  std::string path;
  for (const auto& [at, value] : curve.points) {
    if (!std::isfinite(value.mean) || value.sd.value_or(0.0) == 0.0) continue;
    const Extent reach = reach_of(chart, value);
    const double x = axes.x(at);
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
  for (const auto& point : curve.points) {
    const auto& [at, value] = point;
    if (!std::isfinite(value.mean)) continue;
    const std::string x = coordinate(axes.x(at));
    const std::string y = coordinate(axes.y(value.mean));
    path += fmt::format("{}{} {}", path.empty() ? "M" : "L", x, y);
    std::string tip = fmt::format("{}, {} {}: {}", curve.name, chart.x_name, x_text(chart, at),
                                  written(chart, value.mean));
    if (value.sd.value_or(0.0) > 0) tip += " ± " + written(chart, *value.sd);
    const bool last = &point == &curve.points.back();
    dots += fmt::format(R"(<circle class="{}" cx="{}" cy="{}" r="{}"><title>{}</title></circle>)",
                        last ? "dot last" : "dot", x, y, last || chart.over_values ? 3 : 4,
                        escape(tip));
  }
  if (path.empty()) return {};
  return fmt::format(R"(<g class="curve {}"><path d="{}"></path>{}{}</g>)", curve.css_class, path,
                     spread_bars(chart, curve, axes), dots);
}

/// The names at the ends, moved apart where they would meet.
std::string end_labels(const LineChart& chart, const Axes& axes) {
  std::vector<EndLabel> labels;
  for (const Curve& curve : chart.curves) {
    if (curve.name.empty() || curve.points.empty()) continue;
    const double last = curve.points.back().second.mean;
    if (std::isfinite(last)) labels.push_back({&curve, axes.y(last)});
  }
  std::ranges::sort(labels, {}, &EndLabel::y);
  const double height = chart.over_values ? kLineHeight : 2 * kLineHeight;
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
    const double y = chart.over_values ? label.y + 4 : label.y - 2;
    svg += svg_text(x, y, label.curve->name, "start", css_class);
    if (chart.over_values) continue;
    const std::string value = written(chart, label.curve->points.back().second.mean);
    svg += svg_text(x, label.y + 12, value, "start", css_class + " value");
  }
  return svg;
}

}  // namespace

std::string draw(const LineChart& chart) {
  const Axes axes = axes_of(chart);
  std::string svg = svg_text(0, 14, chart.title, "start", "chart-title") + draw(axes);
  for (const Curve& curve : chart.curves) svg += line_of(chart, curve, axes);
  return svg_drawing(chart.over_values ? 740 : 360, kHeight,
                     fmt::format("{} over {}", chart.title, chart.x_name),
                     svg + end_labels(chart, axes));
}

}  // namespace fmnist
