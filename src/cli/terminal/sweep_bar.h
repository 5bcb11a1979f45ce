#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "cli/terminal/progress_bar.h"
#include "fmnist/sweep/plan.h"
#include "fmnist/sweep/trial.h"
#include "fmnist/train/events.h"

namespace fmnist {

/// What a sweep shows on a terminal while it goes on: the best settings so far over a progress bar.
/// It only listens, to all trials at once, each on its own thread; its end takes all off again.
class SweepBar final : public Observer {
 public:
  /// `journal`: what earlier sessions have done.
  SweepBar(const Plan& plan, std::span<const TrialRecord> journal);

  /// Shows what all records so far come to.
  void update(std::span<const TrialRecord> journal);

  void on_step(const StepDone& step) override;
  void on_epoch(const EpochFinished& epoch) override;

 private:
  using Clock = std::chrono::steady_clock;

  void begin(std::uint64_t epochs);
  void draw();

  const Plan& plan_;
  const std::uint64_t all_epochs_;  // of the search, when no trial diverges
  std::mutex mutex_;                // of all that follows
  ProgressBar bar_;
  BarValues shown_;  // epochs of this stage
  std::vector<std::string> rows_;
  Stage stage_ = Stage::kSearch;
  std::uint64_t first_epochs_ = 0;  // trained in earlier sessions
  Clock::time_point started_;
};

}  // namespace fmnist
