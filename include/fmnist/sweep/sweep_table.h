#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fmnist/sweep/plan.h"
#include "fmnist/sweep/ranking.h"

namespace fmnist {

/// "84.10 ± 0.21%"; without the middle part for one value, "-" for none.
std::string accuracy_text(const std::optional<Spread>& spread);

/// "0.4321 ± 0.0123", likewise.
std::string loss_text(const std::optional<Spread>& spread);

/// "-0.18 ± 0.11": percentage points from the best and their standard error; empty where unknown.
std::string difference_text(const SettingSummary& summary);

/// "best", "noise", "worse", "diverged", "dropped after 1 epoch"; "-" where nothing can be said.
std::string verdict_text(const SettingSummary& summary);

/// What the verdicts mean, in lines; empty where there is nothing to compare.
std::vector<std::string> verdicts_explained(const Plan& plan,
                                            const std::vector<SettingSummary>& ranking);

/// The plan for people: its size, then up to `most` settings, a line each.
std::vector<std::string> plan_lines(const Plan& plan, std::size_t most);

/// A trial's end in one line: "lr=0.01 seed 2: val loss 0.4321, accuracy 84.32% (1.3 s)"; of the
/// final training "final, seed 2: test accuracy 84.32%".
std::string trial_line(const Plan& plan, const TrialRecord& record);

/// The ranking for people, best first, with a sentence on what the differences mean.
std::string ranking_table(const Plan& plan, const std::vector<SettingSummary>& ranking);

/// The test figures of the final training, by seed and together.
std::string finals_table(const std::vector<TrialRecord>& finals);

}  // namespace fmnist
