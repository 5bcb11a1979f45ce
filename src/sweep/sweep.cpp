#include "fmnist/sweep/sweep.h"

#include <filesystem>
#include <mutex>
#include <utility>

#include "fmnist/core/files.h"
#include "fmnist/run/results.h"
#include "fmnist/sweep/journal.h"
#include "fmnist/sweep/side_by_side.h"
#include "fmnist/sweep/sweep_json.h"

namespace fmnist {

bool run_missing(const Plan& plan, const SweepSetup& setup, int jobs,
                 std::vector<TrialRecord>& journal,
                 const std::function<void(const TrialRecord&)>& on_record) {
  std::filesystem::create_directories(setup.directory / kStatesFolder);
  std::mutex mutex;  // of the journal, and of who hears of it
  const auto add = [&](TrialRecord record) {
    const std::lock_guard lock(mutex);
    append_line(setup.directory / kJournalFile, to_line(trial_event(plan, record)));
    on_record(journal.emplace_back(std::move(record)));
  };

  for (;;) {
    for (TrialRecord& record : newly_dropped(plan, journal)) {
      remove_state(plan, record.trial, setup);
      add(std::move(record));
    }
    const std::vector<Trial> trials = missing(plan, journal);
    if (trials.empty()) return true;
    const bool done = run_side_by_side(
        trials.size(), jobs, [&](std::size_t i) { return run_trial(plan, trials[i], setup, add); });
    if (!done) return false;
  }
}

}  // namespace fmnist
