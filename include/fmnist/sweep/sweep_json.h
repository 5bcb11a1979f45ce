#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fmnist/run/provenance.h"
#include "fmnist/sweep/plan.h"
#include "fmnist/sweep/ranking.h"

namespace fmnist {

/// A sweep that has ended, as its sweep.json tells it.
struct SavedSweep {
  std::filesystem::path directory;
  Plan plan;
  std::vector<SettingSummary> ranking;  // best first; never empty
  std::vector<TrialRecord> finals;      // of the final training, a record for each seed, if any
  std::string retrain;                  // the command that trains the best; empty without one
  Provenance provenance;
};

/// The `plan` event.
nlohmann::ordered_json plan_event(const Plan& plan);

/// The `rung` event of a paused trial, the `trial` event of one that is done, the `final` event of
/// the final training, whose figures are of the test set.
nlohmann::ordered_json trial_event(const Plan& plan, const TrialRecord& record);

/// The record that such an event, or a trial of a result, tells of; its setting is the caller's to
/// find. Throws a std::exception on an event of another form.
TrialRecord record_of(const nlohmann::json& trial, Stage stage);

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
/// same plan, engine and data as `document`. Returns where the results so far come from.
Provenance check_same_sweep(const std::filesystem::path& path,
                            const nlohmann::ordered_json& document);

/// Whether `directory` holds a sweep, ended or not.
bool holds_sweep(const std::filesystem::path& directory);

/// Reads the sweep in `directory`. Throws `Error` (kCheckpoint) when it has not ended or cannot be
/// read.
SavedSweep load_sweep(const std::filesystem::path& directory);

/// trials.csv: a row for each trial, in the order of the plan.
std::string trials_csv(const Plan& plan, const std::vector<SettingSummary>& ranking);

}  // namespace fmnist
