#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fmnist/run/provenance.h"
#include "fmnist/sweep/plan.h"
#include "fmnist/sweep/ranking.h"

namespace fmnist {

/// The `plan` event.
nlohmann::ordered_json plan_event(const Plan& plan);

/// The `rung` event of a paused trial, the `trial` event of one that is done.
nlohmann::ordered_json trial_event(const Plan& plan, const TrialRecord& record);

/// The `final` event: the k-th seed of the final training of `setting`; its figures are of the test
/// set.
nlohmann::ordered_json final_event(const Plan& plan, std::size_t setting, std::size_t k,
                                   const TrialRecord& record);

/// The record of a `rung`, `trial` or `final` event. Throws what nlohmann::json and
/// std::invalid_argument throw on an event of another form.
TrialRecord record_of(const nlohmann::json& event);

/// What an event of a trial, or a trial of a result, says of its end: all but number, time and
/// attempts. Its figures stand under `split`. Throws as `record_of` does.
TrialRecord outcome_of(const nlohmann::json& outcome, const char* split);

/// The `result` event. `retrain` is the command that trains the best setting. It holds no times: it
/// is the same for any number of jobs and stops.
nlohmann::ordered_json sweep_result_event(const Plan& plan,
                                          const std::vector<SettingSummary>& ranking,
                                          const std::vector<TrialRecord>& finals,
                                          const std::string& retrain);

/// The content of sweep.json before there is a result: the plan with the engine and data that its
/// results depend on.
nlohmann::ordered_json sweep_document(const Plan& plan, const Provenance& provenance);

/// Throws `Error` (kCheckpoint), saying what differs, unless the sweep.json at `path` is of the
/// same plan, engine and data as `document`.
void check_same_sweep(const std::filesystem::path& path, const nlohmann::ordered_json& document);

/// trials.csv: a row for each trial, in the order of the plan.
std::string trials_csv(const Plan& plan, const std::vector<SettingSummary>& ranking);

}  // namespace fmnist
