#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cli/terminal/progress_bar.h"
#include "fmnist/sweep/plan.h"
#include "fmnist/sweep/trial.h"
#include "fmnist/train/events.h"

namespace fmnist {

/// What a sweep shows on a terminal while it goes on: the best settings so far over a progress bar.
/// It only listens, to all trials at once, each on its own thread.
class SweepBar final : public Observer {
 public:
  explicit SweepBar(const Plan& plan);

  /// Begins, with what an earlier session has done.
  void begin(const std::vector<TrialRecord>& done);
  /// A trial ended or paused at a rung.
  void add(const TrialRecord& record);
  /// The final training of `setting` begins, with `seeds` of its seeds still to train.
  void begin_final(std::size_t setting, std::size_t seeds);
  /// Takes everything off the terminal again.
  void end();

  void on_step(const StepDone& step) override;
  void on_epoch(const EpochFinished& epoch) override;

 private:
  using Clock = std::chrono::steady_clock;

  /// What is known of a setting so far.
  struct Standing {
    double accuracy = 0.0;     // validation, mean over the trials that have been somewhere
    std::size_t seeds = 0;     // that many of them; 0 also where one diverged or failed
    std::uint64_t epochs = 0;  // the fewest of them
  };

  void take(const TrialRecord& record);
  void draw();
  std::vector<std::string> rows() const;
  std::optional<double> seconds_left() const;

  const Plan& plan_;
  std::mutex mutex_;  // of all that follows
  std::optional<ProgressBar> bar_;
  std::string label_;                               // of the final training
  std::vector<std::optional<TrialRecord>> latest_;  // by trial
  std::vector<Standing> standings_;                 // by setting
  std::size_t done_ = 0;                            // trials
  std::uint64_t epochs_ = 0;                        // trained
  std::uint64_t total_epochs_ = 0;
  std::uint64_t first_epochs_ = 0;  // trained in earlier sessions
  Clock::time_point started_;
};

}  // namespace fmnist
