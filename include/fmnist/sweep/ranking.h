#pragma once

#include <optional>
#include <span>
#include <vector>

#include "fmnist/sweep/plan.h"
#include "fmnist/sweep/statistics.h"
#include "fmnist/sweep/trial.h"

namespace fmnist {

/// Differences with a p value below this are called real.
inline constexpr double kSignificance = 0.05;

/// How a setting compares with the best one.
enum class Verdict {
  kBest,
  kNoise,    // the difference may be chance
  kWorse,    // it is hardly chance
  kUnknown,  // one seed says nothing
  kOut,      // not trained to the end: dropped, diverged or failed
};

template <>
inline constexpr std::array<std::string_view, 5> kEnumNames<Verdict>{"best", "noise", "worse",
                                                                     "unknown", "out"};

/// A setting's trials, one for each seed in rising order, and what they say together.
struct SettingSummary {
  std::size_t setting = 0;  // its number in the plan
  std::vector<TrialRecord> trials;
  TrialStatus status = TrialStatus::kFinished;  // the worst of the trials
  std::uint64_t epochs = 0;                     // the fewest of the trials
  std::optional<Spread> accuracy;               // validation; over the trials that have figures
  std::optional<Spread> loss;                   // likewise
  Verdict verdict = Verdict::kOut;
  std::optional<PairedDifference> difference;  // in accuracy, from the best, seed by seed
  std::optional<double> corrected_p;           // Holm's, over all comparisons
};

/// Mean and standard deviation of a figure over the records that have figures, if any.
std::optional<Spread> spread_over(const std::vector<TrialRecord>& records, double Metrics::*figure);

/// The settings that `records` are of, one for each trial, best first: those trained to the end by
/// mean validation accuracy, then by loss, then as in the plan; after them the dropped ones, last
/// what diverged or failed.
std::vector<SettingSummary> rank_settings(std::span<const TrialRecord> records);

/// Compares every ranked setting that was trained to the end with the first.
void compare_with_best(std::vector<SettingSummary>& ranking);

/// The best setting, or nullptr when none was trained to the end on every seed.
const SettingSummary* winner(const std::vector<SettingSummary>& ranking);

}  // namespace fmnist
