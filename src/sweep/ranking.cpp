#include "fmnist/sweep/ranking.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <tuple>
#include <utility>

namespace fmnist {
namespace {

SettingSummary summarise(std::vector<TrialRecord> trials) {
  std::ranges::sort(trials, {}, [](const TrialRecord& record) { return record.trial.seed; });
  SettingSummary summary;
  summary.setting = trials.front().trial.setting;
  summary.status = trials.front().status;
  summary.epochs = trials.front().epochs;
  for (const TrialRecord& trial : trials) {
    summary.status = std::max(summary.status, trial.status);
    summary.epochs = std::min(summary.epochs, trial.epochs);
  }
  summary.accuracy = spread_over(trials, &Metrics::accuracy);
  summary.loss = spread_over(trials, &Metrics::loss);
  summary.trials = std::move(trials);
  return summary;
}

/// Settings compare as their keys do.
auto key_of(const SettingSummary& summary) {
  const int place = summary.status == TrialStatus::kDropped    ? 1
                    : summary.status >= TrialStatus::kDiverged ? 2
                                                               : 0;
  // Settings that halving dropped later are better; else length is just another option.
  const double epochs = place == 1 ? -static_cast<double>(summary.epochs) : 0.0;
  const double accuracy = summary.accuracy ? summary.accuracy->mean : 0.0;
  const double loss = summary.loss && !std::isnan(summary.loss->mean)
                          ? summary.loss->mean
                          : std::numeric_limits<double>::infinity();
  return std::tuple(place, epochs, -accuracy, loss, summary.setting);
}

PairedDifference difference_between(const SettingSummary& setting, const SettingSummary& best) {
  std::vector<double> differences;
  for (std::size_t k = 0; k < best.trials.size(); ++k)
    differences.push_back(setting.trials[k].figures->accuracy - best.trials[k].figures->accuracy);
  return paired_difference(differences);
}

}  // namespace

std::optional<Spread> spread_over(const std::vector<TrialRecord>& records,
                                  double Metrics::*figure) {
  std::vector<double> values;
  for (const TrialRecord& record : records)
    if (record.figures) values.push_back((*record.figures).*figure);
  return values.empty() ? std::nullopt : std::optional(spread_of(values));
}

std::vector<SettingSummary> rank_settings(std::span<const TrialRecord> records) {
  std::map<std::size_t, std::vector<TrialRecord>> trials;  // by setting
  for (const TrialRecord& record : records) trials[record.trial.setting].push_back(record);
  std::vector<SettingSummary> ranking;
  for (auto& [setting, of_setting] : trials) ranking.push_back(summarise(std::move(of_setting)));
  std::ranges::sort(ranking, {}, key_of);
  return ranking;
}

void compare_with_best(std::vector<SettingSummary>& ranking) {
  const SettingSummary* best = winner(ranking);
  if (best == nullptr) return;
  ranking.front().verdict = Verdict::kBest;
  std::vector<SettingSummary*> compared;
  std::vector<double> p;
  for (SettingSummary& setting : ranking) {
    if (&setting == best || setting.status != TrialStatus::kFinished) continue;
    setting.verdict = Verdict::kUnknown;
    if (best->trials.size() < 2) continue;
    setting.difference = difference_between(setting, *best);
    compared.push_back(&setting);
    p.push_back(setting.difference->p);
  }
  const std::vector<double> corrected = holm(p);
  for (std::size_t i = 0; i < compared.size(); ++i) {
    compared[i]->corrected_p = corrected[i];
    compared[i]->verdict = corrected[i] < kSignificance ? Verdict::kWorse : Verdict::kNoise;
  }
}

const SettingSummary* winner(const std::vector<SettingSummary>& ranking) {
  const bool some = !ranking.empty() && ranking.front().status == TrialStatus::kFinished;
  return some ? &ranking.front() : nullptr;
}

}  // namespace fmnist
