#pragma once

#include <chrono>
#include <optional>

#include "cli/terminal/progress_bar.h"
#include "fmnist/train/events.h"

namespace fmnist {

/// The progress bar of a training run. It only listens: the engine is not asked for anything.
class TrainingBar final : public Observer {
 public:
  void on_start(const RunStarted& start) override;
  void on_step(const StepDone& step) override;
  void on_progress(const TrainProgress& progress) override { metrics_ = progress.train; }
  void on_epoch(const EpochFinished&) override { begin_epoch(0); }
  void on_finish(const RunResult&) override { bar_.reset(); }

 private:
  using Clock = std::chrono::steady_clock;

  void begin_epoch(std::uint64_t images_done);
  std::string label(std::uint64_t epoch) const;
  double seconds_left(std::uint64_t step, Clock::time_point now) const;

  std::optional<ProgressBar> bar_;  // while the run goes on
  std::uint64_t epochs_ = 0;
  std::uint64_t total_steps_ = 0;
  std::optional<Seconds> max_time_;
  // Where this session began: a resumed run is as fast as its steps since then.
  std::uint64_t first_step_ = 0;
  Clock::time_point started_;
  std::uint64_t epoch_first_image_ = 0;
  Clock::time_point epoch_started_;
  std::optional<Metrics> metrics_;
};

}  // namespace fmnist
