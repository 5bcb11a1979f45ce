#include "cli/terminal/training_bar.h"

#include <algorithm>

namespace fmnist {
namespace {

double seconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

void TrainingBar::on_start(const RunStarted& start) {
  const Config& config = *start.config;
  epochs_ = static_cast<std::uint64_t>(config.epochs);
  total_steps_ = epochs_ * start.steps_per_epoch;
  max_time_ = config.max_time;
  first_step_ = start.first_step;
  started_ = Clock::now();
  begin_epoch(first_step_ % start.steps_per_epoch * static_cast<std::uint64_t>(config.batch_size));
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
  return "Epoch " + std::to_string(epoch) + "/" + std::to_string(epochs_);
}

double TrainingBar::seconds_left(std::uint64_t step, Clock::time_point now) const {
  const double elapsed = seconds(now - started_);
  const double left =
      elapsed * static_cast<double>(total_steps_ - step) / static_cast<double>(step - first_step_);
  return max_time_ ? std::min(left, max_time_->count() - elapsed) : left;
}

}  // namespace fmnist
