#pragma once

#include <functional>
#include <vector>

#include "fmnist/sweep/plan.h"
#include "fmnist/sweep/trial.h"

namespace fmnist {

/// Runs what is missing of a sweep, `jobs` trials side by side, until nothing is. Every record goes
/// to the journal, file and `journal`, at once, so that a sweep that was stopped goes on with what
/// is missing; then `on_record` hears of it, one call at a time. Returns false when `setup.stop`
/// ended it early. No result depends on `jobs`, on the order of ends, or on stops.
bool run_missing(
    const Plan& plan, const SweepSetup& setup, int jobs, std::vector<TrialRecord>& journal,
    const std::function<void(const TrialRecord&)>& on_record = [](const TrialRecord&) {});

}  // namespace fmnist
