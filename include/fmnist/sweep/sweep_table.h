#pragma once

#include <string>
#include <vector>

#include "fmnist/sweep/plan.h"
#include "fmnist/sweep/ranking.h"

namespace fmnist {

/// The plan for people: its size, then up to `most` settings, a line each.
std::vector<std::string> plan_lines(const Plan& plan, std::size_t most);

/// A trial's end in one line: "lr=0.01 seed 2: val loss 0.4321, accuracy 84.32% (1.3 s)".
std::string trial_line(const Plan& plan, const TrialRecord& record);

/// The ranking for people, best first, with a sentence on what the differences mean.
std::string ranking_table(const Plan& plan, const std::vector<SettingSummary>& ranking);

/// The test figures of the final training, by seed and together.
std::string finals_table(const Plan& plan, const std::vector<TrialRecord>& finals);

}  // namespace fmnist
