#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "fmnist/core/text.h"
#include "report/line_chart.h"
#include "report/sections.h"

namespace fmnist {
namespace {

constexpr std::size_t kLinesInSweepChart = 6;  // as many as the eye tells apart
constexpr double kLogFrom = 4.0;  // values that span this factor stand on a logarithmic axis

std::optional<double> number_in(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  return text.empty() || *end != '\0' ? std::nullopt : std::optional(value);
}

/// The dimension of the plan that the x axis shows.
std::optional<std::size_t> dimension_across(const Plan& plan) {
  std::optional<std::size_t> found;
  for (std::size_t d = plan.dimensions.size(); d-- > 0;) {
    const bool numbers = std::ranges::all_of(
        plan.settings, [&](const Setting& setting) { return number_in(setting[d]).has_value(); });
    if (!numbers) continue;
    if (plan.dimensions[d].option->name == "lr") return d;
    found = d;
  }
  return found;
}

/// The other options' values: "momentum=0.9 dropout=0.5".
std::string line_name(const Plan& plan, const Setting& setting, std::size_t across) {
  std::string name;
  for (std::size_t d = 0; d < plan.dimensions.size(); ++d) {
    if (d == across) continue;
    name += fmt::format("{}{}={}", name.empty() ? "" : " ", plan.dimensions[d].option->name,
                        setting[d]);
  }
  return name;
}

using Point = std::pair<double, const SettingSummary*>;

/// The settings of a line, from left to right.
struct Line {
  std::string name;
  std::vector<Point> points;
};

/// The settings that were trained to their end, by line; that of the best setting first.
std::vector<Line> lines_of(const SavedSweep& sweep, std::size_t across) {
  std::vector<Line> lines;
  for (const SettingSummary& summary : sweep.ranking) {
    if (summary.status != TrialStatus::kFinished) continue;
    const Setting& setting = sweep.plan.settings[summary.setting];
    const std::string name = line_name(sweep.plan, setting, across);
    auto line = std::ranges::find(lines, name, &Line::name);
    if (line == lines.end()) line = lines.insert(lines.end(), {name, {}});
    line->points.emplace_back(*number_in(setting[across]), &summary);
  }
  for (Line& line : lines) std::ranges::sort(line.points, {}, &Point::first);
  return lines;
}

void add_point(const Point& point, Curve& curve) {
  curve.x.push_back(point.first);
  curve.y.push_back(point.second->accuracy->mean);
  curve.spread.push_back(point.second->accuracy->sd.value_or(0.0));
}

/// Where no two settings differ in the x axis's option only, lines would join what does not belong
/// together: dots, the best marked.
std::vector<Curve> dots_of(const std::vector<Line>& lines) {
  Curve best{"best", "series series-0", {}, {}};
  Curve others{"", "series series-1 loose", {}, {}};
  for (std::size_t i = 0; i < lines.size(); ++i)
    add_point(lines[i].points.front(), i == 0 ? best : others);
  return {others, best};
}

std::vector<Curve> curves_of(const std::vector<Line>& lines) {
  std::vector<Curve> curves;
  for (std::size_t i = 0; i < std::min(lines.size(), kLinesInSweepChart); ++i) {
    const std::string name = lines[i].name.empty() ? "validation" : lines[i].name;
    Curve& curve = curves.emplace_back(Curve{name, fmt::format("series series-{}", i), {}, {}});
    for (const Point& point : lines[i].points) add_point(point, curve);
  }
  return curves;
}

Across across_of(const std::vector<Line>& lines) {
  double low = lines.front().points.front().first;
  double high = low;
  for (const Line& line : lines) {
    low = std::min(low, line.points.front().first);
    high = std::max(high, line.points.back().first);
  }
  return low > 0 && high >= kLogFrom * low ? Across::kLog : Across::kLinear;
}

std::string caption_of(const SavedSweep& sweep, const std::vector<Line>& lines, bool dots,
                       Across across) {
  const std::size_t seeds = sweep.plan.seeds.size();
  std::string text =
      dots ? "Each dot is a setting; the other options differ, too." : "Each dot is a setting.";
  text += seeds > 1 ? fmt::format(" Mean of {}, the bars reach one standard deviation up and down.",
                                  counted(seeds, "seed"))
                    : " One seed: how far chance moves a dot is not known.";
  if (across == Across::kLog) text += " The axis is logarithmic.";
  if (!dots && lines.size() > kLinesInSweepChart) {
    text += fmt::format(" Shown are the {} lines with the best dots, of {}; the table has all.",
                        kLinesInSweepChart, lines.size());
  }
  const auto out = std::ranges::count_if(sweep.ranking, [](const SettingSummary& summary) {
    return summary.status != TrialStatus::kFinished;
  });
  if (out > 0) {
    text += fmt::format(" Not shown: {} not trained to the end with every seed.",
                        counted(static_cast<std::uint64_t>(out), "setting"));
  }
  return text;
}

}  // namespace

nlohmann::json chart_section(const SavedSweep& sweep) {
  const auto across = dimension_across(sweep.plan);
  if (!across) return nullptr;
  const std::string_view option = sweep.plan.dimensions[*across].option->name;
  const bool by_lr = option == "lr";
  nlohmann::json shown = {{"title", by_lr ? "Accuracy and learning rate" : "Accuracy"},
                          {"drawing", nullptr}};
  const std::vector<Line> lines = lines_of(sweep, *across);
  if (lines.empty()) return shown;
  const bool dots = lines.size() > 1 && std::ranges::all_of(lines, [](const Line& line) {
                      return line.points.size() == 1;
                    });
  const LineChart chart{.title = "Validation accuracy",
                        .x_name = by_lr ? "learning rate (lr)" : std::string(option),
                        .y_name = "images recognised",
                        .curves = dots ? dots_of(lines) : curves_of(lines),
                        .shown_as = 100.0,
                        .decimals = 2,
                        .unit = "%",
                        .across = across_of(lines),
                        .share = true,
                        .wide = true,
                        .value_at_end = false};
  shown["drawing"] = {{"across", by_lr ? "the learning rate" : option},
                      {"svg", draw(chart)},
                      {"caption", caption_of(sweep, lines, dots, chart.across)}};
  return shown;
}

}  // namespace fmnist
