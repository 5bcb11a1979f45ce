#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>

#include "cli/terminal/console.h"
#include "cli/terminal/progress_bar.h"

namespace fmnist {
namespace {

double seconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

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

void TrainingBar::on_start(const RunStarted& start) {
  const Config& config = *start.config;
  epochs_ = config.epochs;
  total_steps_ = epochs_ * start.steps_per_epoch;
  max_time_ = config.max_time;
  first_step_ = start.first_step;
  started_ = Clock::now();
  begin_epoch(first_step_ % start.steps_per_epoch * config.batch_size);
  if (first_step_ == total_steps_) return;
  bar_.emplace();
  bar_->draw({.label = label(first_step_ / start.steps_per_epoch + 1),
              .done = first_step_,
              .total = total_steps_});
}

void TrainingBar::on_step(const StepDone& step) {
  if (!bar_ || !bar_->due()) return;
  const auto now = Clock::now();
  bar_->draw({.label = label(step.epoch),
              .done = step.step,
              .total = total_steps_,
              .seconds_left = seconds_left(step.step, now),
              .metrics = metrics_,
              .images_per_second = static_cast<double>(step.images_done - epoch_first_image_) /
                                   seconds(now - epoch_started_)});
}

void TrainingBar::begin_epoch(std::uint64_t images_done) {
  epoch_first_image_ = images_done;
  epoch_started_ = Clock::now();
}

std::string TrainingBar::label(std::uint64_t epoch) const {
  return fmt::format("Epoch {}/{}", epoch, epochs_);
}

double TrainingBar::seconds_left(std::uint64_t step, Clock::time_point now) const {
  const double elapsed = seconds(now - started_);
  const double left =
      elapsed * static_cast<double>(total_steps_ - step) / static_cast<double>(step - first_step_);
  return max_time_ ? std::min(left, max_time_->count() - elapsed) : left;
}

}  // namespace

std::unique_ptr<Observer> training_bar() { return std::make_unique<TrainingBar>(); }

}  // namespace fmnist
