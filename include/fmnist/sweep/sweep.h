#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "fmnist/sweep/plan.h"
#include "fmnist/sweep/ranking.h"
#include "fmnist/sweep/trial.h"
#include "fmnist/train/events.h"

namespace fmnist {

/// The files of a sweep's directory, by name.
inline constexpr const char* kSweepFile = "sweep.json";      // the plan, at the end with its result
inline constexpr const char* kJournalFile = "trials.jsonl";  // events, as trials end
inline constexpr const char* kTrialsFile = "trials.csv";     // at the end
inline constexpr const char* kStatesFolder = "states";       // of trials that are not done
inline constexpr const char* kModelsFolder = "final";        // models of the best setting

/// Hears of a sweep, one call at a time, on the threads of the trials.
struct SweepListener {
  /// A trial ended or paused at a rung: its event, as it stands in the journal, too.
  std::function<void(const TrialRecord&, const nlohmann::ordered_json&)> trial = [](const auto&,
                                                                                    const auto&) {};
  /// The best setting was trained on all training images with one more seed, and tested.
  std::function<void(const TrialRecord&, const nlohmann::ordered_json&)> final = [](const auto&,
                                                                                    const auto&) {};
  std::function<void(const std::string&)> warning = [](const auto&) {};
  /// Hears of all trainings' steps and epochs, not one call at a time: each on its own thread.
  Observer* trainings = nullptr;
};

/// Runs the trials of a plan, `jobs` side by side. Each end of a trial goes to the journal at once,
/// so that a sweep that was stopped goes on with what is missing. No result depends on `jobs`, on
/// the order of ends, or on stops.
class Sweep {
 public:
  Sweep(const Plan& plan, const SweepSetup& setup, std::filesystem::path directory, int jobs,
        SweepListener listener = {});

  /// Takes over what the journal holds, except failures: they are tried again. Returns the number
  /// of trials that are done. Throws `Error` (kCheckpoint) when it cannot be read.
  std::size_t load_journal();

  /// The last record of each trial that has one.
  std::vector<TrialRecord> latest() const;

  /// Runs what is missing. Returns false when `setup.stop` ended it early.
  bool run();

  /// Trains `setting` with every seed on all training images and evaluates it on the test set;
  /// writes the models. Returns false when `setup.stop` ended it early.
  bool run_final(std::size_t setting);

  /// All settings, best first, compared with the best. After `run` returned true.
  std::vector<SettingSummary> ranking() const;

  /// What `run_final` came to, a record for each seed in the plan's order.
  std::vector<TrialRecord> finals() const;

  /// Whether a trial, or the final training with a seed, failed twice.
  bool has_failures() const;

 private:
  /// A trial's records: that of rung i at i; of one that diverged or failed none follows.
  struct History {
    std::vector<TrialRecord> rungs;
    bool dropped = false;
  };

  std::size_t rung_count() const { return std::max<std::size_t>(1, plan_.rungs.size()); }
  std::uint64_t epochs_until(std::size_t rung, const Config& config) const;
  bool run_rung(const std::vector<std::size_t>& settings, std::size_t rung);
  bool run_one(std::size_t trial, std::size_t rung);
  bool run_final_seed(std::size_t setting, std::size_t number);
  /// Tries once more after an error; nothing when stopped.
  std::optional<TrialRun> run_with_retry(const TrialTask& task, const std::string& name);
  std::vector<std::size_t> choose(const std::vector<std::size_t>& settings, std::size_t rung);
  void drop(std::size_t setting);
  void record(const TrialRecord& record);
  std::string name_of(std::size_t setting, std::uint64_t seed) const;
  std::filesystem::path state_of(const std::string& name) const;

  const Plan& plan_;
  const SweepSetup& setup_;
  const std::filesystem::path directory_;
  const int jobs_;
  const SweepListener listener_;
  std::vector<History> histories_;             // by trial
  std::map<std::size_t, TrialRecord> finals_;  // by number of the seed
  std::size_t final_setting_ = 0;
  std::mutex mutex_;  // of the histories, the journal and the listener
};

}  // namespace fmnist
