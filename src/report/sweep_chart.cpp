#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "fmnist/core/text.h"
#include "report/line_chart.h"
#include "report/sections.h"

namespace fmnist {
namespace {

using nlohmann::json;

constexpr std::size_t kLinesInSweepChart = 6;  // as many as the eye tells apart
constexpr double kLogFrom = 4.0;  // values that span this factor stand on a logarithmic axis

/// The dimension of the plan that the x axis shows.
std::optional<std::size_t> dimension_across(const Plan& plan) {
  std::optional<std::size_t> found;
  for (std::size_t d = plan.dimensions.size(); d-- > 0;) {
    const bool numbers = std::ranges::all_of(plan.settings, [&](const Setting& setting) {
      return read_number<double>(setting[d]).has_value();
    });
    if (!numbers) continue;
    if (plan.dimensions[d].option->name == "lr") return d;
    found = d;
  }
  return found;
}

/// The settings that were trained to their end, by line; that of the best setting first.
std::vector<Curve> lines_of(const SavedSweep& sweep, std::size_t across) {
  std::vector<Curve> lines;
  for (const SettingSummary& summary : sweep.ranking) {
    if (summary.status != TrialStatus::kFinished) continue;
    const Setting& setting = sweep.plan.settings[summary.setting];
    std::string name =
        setting_text(sweep.plan, summary.setting, sweep.plan.dimensions[across].option);
    if (name.empty()) name = "validation";
    auto line = std::ranges::find(lines, name, &Curve::name);
    if (line == lines.end()) {
      const std::string css_class = fmt::format("series series-{}", lines.size());
      line = lines.insert(lines.end(), {name, css_class, {}});
    }
    line->points.emplace_back(*read_number<double>(setting[across]), *summary.accuracy);
  }
  for (Curve& line : lines) {
    std::ranges::sort(line.points, {}, [](const auto& point) { return point.first; });
  }
  return lines;
}

/// Where no two settings differ in the x axis's option only, lines would join what does not belong
/// together: dots, the best marked.
std::vector<Curve> dots_of(const std::vector<Curve>& lines) {
  Curve others{"", "series series-1 loose", {}};
  for (std::size_t i = 1; i < lines.size(); ++i) others.points.push_back(lines[i].points.front());
  return {others, {"best", lines.front().css_class, lines.front().points}};
}

bool on_log_axis(const std::vector<Curve>& lines) {
  double low = lines.front().points.front().first;
  double high = low;
  for (const Curve& line : lines) {
    low = std::min(low, line.points.front().first);
    high = std::max(high, line.points.back().first);
  }
  return low > 0 && high >= kLogFrom * low;
}

}  // namespace

json chart_section(const SavedSweep& sweep) {
  const auto across = dimension_across(sweep.plan);
  if (!across) return nullptr;
  const std::string_view option = sweep.plan.dimensions[*across].option->name;
  const bool by_lr = option == "lr";
  json shown = {{"title", by_lr ? "Accuracy and learning rate" : "Accuracy"}, {"drawing", nullptr}};
  std::vector<Curve> lines = lines_of(sweep, *across);
  if (lines.empty()) return shown;
  const bool log = on_log_axis(lines);
  const std::size_t line_count = lines.size();
  const bool dots = line_count > 1 && std::ranges::all_of(lines, [](const Curve& line) {
                      return line.points.size() == 1;
                    });
  if (dots) lines = dots_of(lines);
  if (lines.size() > kLinesInSweepChart) lines.resize(kLinesInSweepChart);
  const LineChart chart{.title = "Validation accuracy",
                        .x_name = by_lr ? "learning rate (lr)" : std::string(option),
                        .y_name = "images recognised",
                        .curves = std::move(lines),
                        .share = true,
                        .over_values = true,
                        .log = log};
  const std::size_t seeds = sweep.plan.seeds.size();
  const auto left_out = std::ranges::count_if(sweep.ranking, [](const SettingSummary& summary) {
    return summary.status != TrialStatus::kFinished;
  });
  shown["drawing"] = {
      {"across", by_lr ? "the learning rate" : option},
      {"svg", draw(chart)},
      {"dots", dots},
      {"seeds", seeds > 1 ? json(counted(seeds, "seed")) : json()},
      {"log", log},
      {"lines_left_out", !dots && line_count > kLinesInSweepChart},
      {"lines_shown", kLinesInSweepChart},
      {"line_count", line_count},
      {"settings_left_out",
       left_out == 0 ? json() : json(counted(static_cast<std::uint64_t>(left_out), "setting"))}};
  return shown;
}

}  // namespace fmnist
