#include "fmnist/sweep/sweep_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "fmnist/core/text.h"

namespace fmnist {
namespace {

using Row = std::vector<std::string>;

/// Columns on a terminal: the bytes that begin a character of UTF-8.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return (byte & 0xC0) != 0x80; }));
}

/// Rows with their columns aligned, two spaces apart.
std::string aligned(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += row[i] + std::string(widths[i] + 2 - width_of(row[i]), ' ');
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

}  // namespace

std::string accuracy_text(const std::optional<Spread>& spread) {
  if (!spread) return "-";
  if (!spread->sd) return percentage(spread->mean);
  return fmt::format("{} ± {}", fixed(100.0 * spread->mean, 2), percentage(*spread->sd));
}

std::string loss_text(const std::optional<Spread>& spread) {
  if (!spread) return "-";
  if (!spread->sd) return fixed(spread->mean, 4);
  return fmt::format("{:.4f} ± {:.4f}", spread->mean, *spread->sd);
}

std::string verdict_text(const SettingSummary& summary) {
  switch (summary.verdict) {
    case Verdict::kOut:
      if (summary.status != TrialStatus::kDropped) return std::string(to_string(summary.status));
      return fmt::format("dropped after {}", counted(summary.epochs, "epoch"));
    case Verdict::kUnknown:
      return "-";
    default:
      return std::string(to_string(summary.verdict));
  }
}

std::string difference_text(const SettingSummary& summary) {
  if (!summary.difference) return "";
  return fmt::format("{:.2f} ± {:.2f}", 100.0 * summary.difference->mean,
                     100.0 * summary.difference->standard_error);
}

std::vector<std::string> verdicts_explained(const Plan& plan,
                                            const std::vector<SettingSummary>& ranking) {
  const auto finished = static_cast<std::size_t>(
      std::ranges::count(ranking, TrialStatus::kFinished, &SettingSummary::status));
  if (finished == 0) return {"no setting was trained to its end with every seed"};
  if (finished == 1) return {};
  if (plan.seeds.size() == 1)
    return {"one seed: nothing can be said of which differences are chance; give --seeds 5, say"};
  return {"difference: percentage points from the best, paired by seed, with its standard error",
          fmt::format("p: two-sided paired t test over {}, Holm-corrected for {}",
                      counted(plan.seeds.size(), "seed"), counted(finished - 1, "comparison")),
          fmt::format("noise: p of {} or more, the difference may be chance", kSignificance)};
}

std::vector<std::string> plan_lines(const Plan& plan, std::size_t most) {
  std::string size =
      fmt::format("plan: {} x {} ({} to {}) = {}, chosen by {} validation images",
                  counted(plan.settings.size(), "setting"), counted(plan.seeds.size(), "seed"),
                  plan.seeds.front(), plan.seeds.back(), counted(plan.trial_count(), "trial"),
                  plan.base.val_split);
  if (plan.halving != 0) {
    size +=
        fmt::format("; the best 1/{} go on after epochs {}, to {}", plan.halving,
                    fmt::join(plan.rungs.begin(), plan.rungs.end() - 1, ", "), plan.rungs.back());
  }
  std::vector<std::string> lines = {size};
  const std::size_t shown = std::min(most, plan.settings.size());
  for (std::size_t i = 0; i < shown; ++i) lines.push_back("  " + setting_text(plan, i));
  if (shown < plan.settings.size()) {
    lines.push_back(
        fmt::format("  ... and {} more; --plan prints all", plan.settings.size() - shown));
  }
  return lines;
}

std::string trial_line(const Plan& plan, const TrialRecord& record) {
  if (record.trial.stage == Stage::kFinal) {
    return fmt::format("final, seed {}: {}", record.trial.seed,
                       record.figures
                           ? fmt::format("test accuracy {}", percentage(record.figures->accuracy))
                           : fmt::format("{} ({})", to_string(record.status), record.message));
  }
  std::string line =
      fmt::format("{} seed {}: ", setting_text(plan, record.trial.setting), record.trial.seed);
  if (record.status != TrialStatus::kFinished) line += fmt::format("{} ", to_string(record.status));
  if (record.status == TrialStatus::kPaused || record.status == TrialStatus::kDropped)
    line += fmt::format("after {}, ", counted(record.epochs, "epoch"));
  if (!record.figures) return line + fmt::format("({})", record.message);
  return line + fmt::format("val loss {:.4f}, accuracy {} ({:.1f} s)", record.figures->loss,
                            percentage(record.figures->accuracy), record.seconds);
}

std::string ranking_table(const Plan& plan, const std::vector<SettingSummary>& ranking) {
  Row heading;
  for (const Dimension& dimension : plan.dimensions) heading.emplace_back(dimension.option->name);
  heading.insert(heading.end(), {"val accuracy", "val loss", "difference", "p", ""});
  std::vector<Row> rows = {heading};
  for (const SettingSummary& summary : ranking) {
    Row row = plan.settings[summary.setting];
    row.insert(row.end(),
               {accuracy_text(summary.accuracy), loss_text(summary.loss), difference_text(summary),
                summary.corrected_p ? fixed(*summary.corrected_p, 3) : "", verdict_text(summary)});
    rows.push_back(std::move(row));
  }
  std::string text = aligned(rows);
  for (const std::string& line : verdicts_explained(plan, ranking)) text += line + "\n";
  return text;
}

std::string finals_table(const std::vector<TrialRecord>& finals) {
  std::vector<Row> rows = {{"seed", "test accuracy", "test loss"}};
  for (const TrialRecord& record : finals) {
    const auto& figures = record.figures;
    rows.push_back({std::to_string(record.trial.seed),
                    figures ? percentage(figures->accuracy) : std::string(to_string(record.status)),
                    figures ? fixed(figures->loss, 4) : ""});
  }
  const auto accuracy = spread_over(finals, &Metrics::accuracy);
  if (accuracy && accuracy->sd) {
    rows.push_back(
        {"all", accuracy_text(accuracy), loss_text(spread_over(finals, &Metrics::loss))});
  }
  return aligned(rows);
}

}  // namespace fmnist
