#include <fmt/format.h>

#include <algorithm>

#include "fmnist/core/text.h"
#include "report/page.h"
#include "report/sections.h"
#include "report/svg.h"

namespace fmnist {
namespace {

constexpr double kCountsTop = 236.0;

Axes probability_axes() {
  Axes axes{.x = {0.0, 1.0, kAxesLeft, 350.0},
            .y = {0.0, 1.0, 214.0, 10.0},
            .right = 350.0,
            .bottom = 278.0,
            .x_name = "probability the network gave",
            .y_name = "right that often"};
  for (int tenths = 0; tenths <= 10; tenths += 2)
    axes.y_ticks.emplace_back(tenths / 10.0, percentage(tenths / 10.0, 0));
  axes.x_ticks = axes.y_ticks;
  return axes;
}

std::string bar(double left, double right, double top, double bottom, std::string_view css_class,
                const std::string& tip) {
  return fmt::format(
      R"(<rect class="{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>)",
      css_class, coordinate(left), coordinate(top), coordinate(right - left),
      coordinate(std::max(bottom - top, 0.0)), escape(tip));
}

/// Accuracy of each bin, and below how many images it holds.
std::string bars(const Evaluation& evaluation, const Axes& axes) {
  std::uint64_t most = 1;
  for (const ReliabilityBin& bin : evaluation.reliability) most = std::max(most, bin.count);
  std::string svg;
  for (std::size_t b = 0; b < kReliabilityBins; ++b) {
    const ReliabilityBin& bin = evaluation.reliability[b];
    if (bin.count == 0) continue;
    const double low = static_cast<double>(b) / kReliabilityBins;
    const double high = static_cast<double>(b + 1) / kReliabilityBins;
    const double left = axes.x(low) + 1;
    const double right = axes.x(high) - 1;
    const std::string tip = fmt::format(
        "{} to {}: {}, mean probability {}, right {}", percentage(low, 0), percentage(high, 0),
        counted(bin.count, "image"), percentage(bin.confidence, 1), percentage(bin.accuracy, 1));
    const double share = static_cast<double>(bin.count) / static_cast<double>(most);
    svg += bar(left, right, axes.y(bin.accuracy), axes.y(0), "bin", tip);
    svg += bar(left, right, axes.bottom - share * (axes.bottom - kCountsTop), axes.bottom, "count",
               tip);
  }
  return svg;
}

std::string diagram(const Evaluation& evaluation) {
  const Axes axes = probability_axes();
  return svg_drawing(
      360, 320, "Reliability diagram: how often the network is right, by the probability it gave",
      draw(axes) + svg_line(kAxesLeft, axes.y(0), axes.right, axes.y(0), "axis") +
          svg_upright_text(9, (kCountsTop + axes.bottom) / 2, "images") + bars(evaluation, axes) +
          svg_line(axes.x(0), axes.y(0), axes.x(1), axes.y(1), "ideal") +
          svg_text(axes.x(0.57), axes.y(0.7), "perfectly calibrated", "end", "ideal-label"));
}

}  // namespace

nlohmann::json calibration_section(const Evaluation& evaluation) {
  double confidence = 0.0;
  for (const ReliabilityBin& bin : evaluation.reliability)
    confidence += bin.confidence * static_cast<double>(bin.count);
  confidence /= static_cast<double>(std::max<std::uint64_t>(evaluation.count, 1));
  const double accuracy = evaluation.metrics.accuracy;
  return {{"confidence", percentage(confidence, 1)},
          {"accuracy", percentage(accuracy, 1)},
          {"more_or_less", confidence > accuracy ? "more" : "less"},
          {"diagram", diagram(evaluation)}};
}

}  // namespace fmnist
