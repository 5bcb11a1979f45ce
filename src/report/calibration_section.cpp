#include <algorithm>

#include "fmnist/core/text.h"
#include "report/html.h"
#include "report/sections.h"
#include "report/svg.h"

namespace fmnist {
namespace {

constexpr double kWidth = 360.0;
constexpr double kHeight = 330.0;
constexpr double kLeft = 46.0;
constexpr double kRight = 350.0;
const Scale kAcross{0.0, 1.0, kLeft, kRight};
const Scale kUp{0.0, 1.0, 214.0, 10.0};
constexpr double kCountsTop = 236.0;
constexpr double kCountsBottom = 278.0;

std::string bar(double left, double right, double top, double bottom, std::string_view css_class,
                const std::string& tip) {
  return element("rect",
                 {{"class", std::string(css_class)},
                  {"x", coordinate(left)},
                  {"y", coordinate(top)},
                  {"width", coordinate(right - left)},
                  {"height", coordinate(std::max(bottom - top, 0.0))}},
                 element("title", {}, escape(tip)));
}

std::string frame() {
  std::string svg;
  for (int tenths = 0; tenths <= 10; tenths += 2) {
    const double share = tenths / 10.0;
    const std::string text = percentage(share, 0);
    svg += svg_line(kLeft, kUp(share), kRight, kUp(share), tenths == 0 ? "axis" : "grid");
    svg += svg_text(kLeft - 6, kUp(share) + 3.5, text, "end", "tick");
    svg += svg_text(kAcross(share), kCountsBottom + 16, text, "middle", "tick");
  }
  svg += svg_line(kLeft, kCountsBottom, kRight, kCountsBottom, "axis");
  svg += svg_text((kLeft + kRight) / 2, kCountsBottom + 36, "probability the network gave",
                  "middle", "axis-name");
  svg += svg_upright_text(9, (kUp(0) + kUp(1)) / 2, "right that often");
  return svg + svg_upright_text(9, (kCountsTop + kCountsBottom) / 2, "images");
}

/// Accuracy of each bin, and below how many images it holds.
std::string bars(const Evaluation& evaluation) {
  std::uint64_t most = 1;
  for (const ReliabilityBin& bin : evaluation.reliability) most = std::max(most, bin.count);
  std::string svg;
  for (std::size_t b = 0; b < kReliabilityBins; ++b) {
    const ReliabilityBin& bin = evaluation.reliability[b];
    if (bin.count == 0) continue;
    const double low = static_cast<double>(b) / kReliabilityBins;
    const double high = static_cast<double>(b + 1) / kReliabilityBins;
    const double left = kAcross(low) + 1;
    const double right = kAcross(high) - 1;
    const std::string tip = percentage(low, 0) + " to " + percentage(high, 0) + ": " +
                            counted(bin.count, "image") + ", mean probability " +
                            percentage(bin.confidence, 1) + ", right " +
                            percentage(bin.accuracy, 1);
    svg += bar(left, right, kUp(bin.accuracy), kUp(0), "bin", tip);
    const double share = static_cast<double>(bin.count) / static_cast<double>(most);
    svg += bar(left, right, kCountsBottom - share * (kCountsBottom - kCountsTop), kCountsBottom,
               "count", tip);
  }
  return svg;
}

std::string diagram(const Evaluation& evaluation) {
  return svg_drawing(
      kWidth, kHeight - 10,
      "Reliability diagram: how often the network is right, by the probability it "
      "gave",
      frame() + bars(evaluation) + svg_line(kAcross(0), kUp(0), kAcross(1), kUp(1), "ideal") +
          svg_text(kAcross(0.57), kUp(0.7), "perfectly calibrated", "end", "ideal-label"));
}

/// Whether the network promises too much or too little, over all images.
std::string verdict(const Evaluation& evaluation) {
  double confidence = 0.0;
  for (const ReliabilityBin& bin : evaluation.reliability)
    confidence += bin.confidence * static_cast<double>(bin.count);
  confidence /= static_cast<double>(std::max<std::uint64_t>(evaluation.count, 1));
  const double accuracy = evaluation.metrics.accuracy;
  return "On average the network gives its answer a probability of " +
         element("strong", {}, percentage(confidence, 1)) + " and is right in " +
         element("strong", {}, percentage(accuracy, 1)) + " of the cases: it is " +
         (confidence > accuracy ? "more" : "less") +
         " sure than it should be. Bin by bin the two differ by " +
         element("strong", {}, percentage(evaluation.ece)) +
         " on average (the expected calibration error, ECE).";
}

}  // namespace

Section calibration_section(const ReportContent& content) {
  return {"calibration", "Calibration",
          lead(verdict(content.evaluation)) +
              figure_beside(diagram(content.evaluation),
                            "Blue: how often the answers in one of 15 ranges of probability were "
                            "right. Bars below the dashed line: too sure of itself; above: too "
                            "modest. Grey: how many images fall into each range.")};
}

}  // namespace fmnist
