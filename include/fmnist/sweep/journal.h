#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "fmnist/sweep/plan.h"
#include "fmnist/sweep/ranking.h"
#include "fmnist/sweep/trial.h"

namespace fmnist {

/// The files of a sweep's directory, by name.
inline constexpr const char* kSweepFile = "sweep.json";      // the plan, at the end with its result
inline constexpr const char* kJournalFile = "trials.jsonl";  // events, as trials end
inline constexpr const char* kTrialsFile = "trials.csv";     // at the end
inline constexpr const char* kStatesFolder = "states";       // of trials that are not done
inline constexpr const char* kModelsFolder = "final";        // models of the best setting

/// The records in the journal of a sweep's `directory`, in order; none without one. A line that a
/// kill cut off is removed from the file. Failures are left out: they are to be tried again. Throws
/// `Error` (kCheckpoint) when the file cannot be read or is not of `plan`.
std::vector<TrialRecord> load_journal(const std::filesystem::path& directory, const Plan& plan);

/// What is still to be trained now, a pure function of the plan and all records so far: the trials
/// that are missing in the first rung that is not over (without halving in all), after the search
/// those of the final training. Empty: the sweep is over.
std::vector<Trial> missing(const Plan& plan, std::span<const TrialRecord> journal);

/// The last records of the trials that rungs of halving ended, as `kDropped`, as far as the journal
/// does not say so yet.
std::vector<TrialRecord> newly_dropped(const Plan& plan, std::span<const TrialRecord> journal);

/// The last record of every trial of `stage` that has one, by setting, then by seed.
std::vector<TrialRecord> latest(std::span<const TrialRecord> journal, Stage stage);

/// The number of trials of the search that are done.
std::size_t done_count(std::span<const TrialRecord> journal);

/// All settings after the search, best first, compared with the best.
std::vector<SettingSummary> ranking_of(std::span<const TrialRecord> journal);

/// The final training of `setting`, a record for each seed.
std::vector<TrialRecord> finals_of(std::span<const TrialRecord> journal, std::size_t setting);

}  // namespace fmnist
