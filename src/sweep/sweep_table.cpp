#include "fmnist/sweep/sweep_table.h"

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
  return fixed(100.0 * spread->mean, 2) + " ± " + percentage(*spread->sd);
}

std::string loss_text(const std::optional<Spread>& spread) {
  if (!spread) return "-";
  return fixed(spread->mean, 4) + (spread->sd ? " ± " + fixed(*spread->sd, 4) : "");
}

std::string verdict_text(const SettingSummary& summary) {
  switch (summary.verdict) {
    case Verdict::kOut:
      return std::string(to_string(summary.status)) +
             (summary.status == TrialStatus::kDropped ? " after " + counted(summary.epochs, "epoch")
                                                      : "");
    case Verdict::kUnknown:
      return "-";
    default:
      return to_string(summary.verdict);
  }
}

std::string difference_text(const SettingSummary& summary) {
  if (!summary.difference) return "";
  return fixed(100.0 * summary.difference->mean, 2) + " ± " +
         fixed(100.0 * summary.difference->standard_error, 2);
}

std::string verdicts_explained(const Plan& plan, const std::vector<SettingSummary>& ranking) {
  const auto finished = std::count_if(ranking.begin(), ranking.end(), [](const auto& summary) {
    return summary.status == TrialStatus::kFinished;
  });
  if (finished == 0) return "no setting was trained to its end with every seed\n";
  if (finished == 1) return "";
  if (plan.seeds.size() == 1) {
    return "one seed: nothing can be said of which differences are chance; give --seeds 5, say\n";
  }
  return "difference: percentage points from the best, paired by seed, with its standard error\n"
         "p: two-sided paired t test over " +
         counted(plan.seeds.size(), "seed") + ", Holm-corrected for " +
         counted(static_cast<std::size_t>(finished - 1), "comparison") +
         "\n"
         "noise: p of 0.05 or more, the difference may be chance\n";
}

std::vector<std::string> plan_lines(const Plan& plan, std::size_t most) {
  std::string size =
      "plan: " + counted(plan.settings.size(), "setting") + " x " +
      counted(plan.seeds.size(), "seed") + " (" + std::to_string(plan.seeds.front()) + " to " +
      std::to_string(plan.seeds.back()) + ") = " + counted(plan.trial_count(), "trial") +
      ", chosen by " + std::to_string(plan.base.val_split) + " validation images";
  if (plan.halving != 0) {
    size += "; the best 1/" + std::to_string(plan.halving) + " go on after epochs";
    for (std::size_t i = 0; i + 1 < plan.rungs.size(); ++i)
      size += (i == 0 ? " " : ", ") + std::to_string(plan.rungs[i]);
    size += ", to " + std::to_string(plan.rungs.back());
  }
  std::vector<std::string> lines = {size};
  const std::size_t shown = std::min(most, plan.settings.size());
  for (std::size_t i = 0; i < shown; ++i) lines.push_back("  " + setting_text(plan, i));
  if (shown < plan.settings.size()) {
    lines.push_back("  ... and " + std::to_string(plan.settings.size() - shown) +
                    " more; --plan prints all");
  }
  return lines;
}

std::string trial_line(const Plan& plan, const TrialRecord& record) {
  std::string line = setting_text(plan, plan.setting_of(record.trial)) + " seed " +
                     std::to_string(plan.seed_of(record.trial)) + ": ";
  if (record.status != TrialStatus::kFinished) line += std::string(to_string(record.status)) + " ";
  if (record.status == TrialStatus::kPaused || record.status == TrialStatus::kDropped)
    line += "after " + counted(record.epochs, "epoch") + ", ";
  if (!record.figures) return line + "(" + record.message + ")";
  return line + "val loss " + fixed(record.figures->loss, 4) + ", accuracy " +
         percentage(record.figures->accuracy) + " (" + fixed(record.seconds, 1) + " s)";
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
  return aligned(rows) + verdicts_explained(plan, ranking);
}

std::string finals_table(const Plan& plan, const std::vector<TrialRecord>& finals) {
  std::vector<Row> rows = {{"seed", "test accuracy", "test loss"}};
  for (const TrialRecord& record : finals) {
    const std::string seed = std::to_string(plan.seeds[record.trial]);
    if (!record.figures) {
      rows.push_back({seed, to_string(record.status), ""});
      continue;
    }
    rows.push_back({seed, percentage(record.figures->accuracy), fixed(record.figures->loss, 4)});
  }
  const auto accuracy = spread_over(finals, &Metrics::accuracy);
  if (accuracy && accuracy->sd) {
    rows.push_back(
        {"all", accuracy_text(accuracy), loss_text(spread_over(finals, &Metrics::loss))});
  }
  return aligned(rows);
}

}  // namespace fmnist
