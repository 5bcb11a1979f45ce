#include "fmnist/train/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "fmnist/core/text.h"
#include "fmnist/train/schedule.h"

namespace fmnist {
namespace {

/// Seconds since it was made.
class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

class Trainer {
 public:
  Trainer(const Config& config, const TrainData& data, Engine& engine, RunPosition position,
          const std::vector<Observer*>& observers, const std::function<Request()>& request,
          std::uint64_t until)
      : config_(config),
        data_(data),
        engine_(engine),
        position_(std::move(position)),
        observers_(observers),
        request_(request),
        until_(until),
        batch_size_(config.batch_size),
        steps_per_epoch_(steps_per_epoch(config, data)),
        images_per_epoch_(std::min(data.train_indices.size(), steps_per_epoch_ * batch_size_)),
        schedule_(make_schedule(config, steps_per_epoch_)),
        seconds_before_(position_.seconds) {}

  RunResult run() {
    notify(&Observer::on_start, RunStarted{&config_, images_per_epoch_, steps_per_epoch_,
                                           position_.state.step, &position_.state.parameters});
    while (running() && position_.epochs < until_) {
      start_epoch();
      while (running() && steps_done() < steps_per_epoch_) {
        train_step();
        if (at_log_point()) report_progress();
        if (running()) check_requests();
      }
      drain_totals();
      if (running()) evaluate_epoch();
    }
    if (running() && position_.epochs < config_.epochs) status_ = RunStatus::kPaused;
    if (!final_ && (status_ == RunStatus::kFinished || status_ == RunStatus::kMaxTime))
      final_ = mean(evaluate(engine_, *data_.test));
    if (status_ != RunStatus::kDiverged) save_position();
    const RunResult result = make_result();
    notify(&Observer::on_finish, result);
    return result;
  }

 private:
  bool running() const { return status_ == RunStatus::kFinished; }

  std::uint64_t epoch() const { return position_.epochs + 1; }
  std::size_t steps_done() const {  // in this epoch
    return step_ - position_.epochs * steps_per_epoch_;
  }
  std::size_t images_done() const {
    return std::min(images_per_epoch_, steps_done() * batch_size_);
  }

  /// Begins an epoch, or goes on with one that was stopped in its midst.
  void start_epoch() {
    epoch_watch_ = {};
    epoch_seconds_before_ = position_.epoch_seconds.train;
    auto order =
        epoch_order(data_.train_indices, config_.seed, static_cast<std::uint32_t>(epoch()));
    order.resize(images_per_epoch_);  // with --limit-batches the others are never reached
    engine_.start_epoch(*data_.train, order);
  }

  void train_step() {
    const std::size_t first = steps_done() * batch_size_;
    learning_rate_ = schedule_.learning_rate(step_);
    engine_.train_step(first, std::min(batch_size_, data_.train_indices.size() - first),
                       learning_rate_, step_);
    ++step_;
    notify(&Observer::on_step, StepDone{epoch(), step_, images_done()});
  }

  bool at_log_point() const {
    return steps_done() % config_.log_every == 0 || steps_done() == steps_per_epoch_;
  }

  void report_progress() {
    const Totals interval = drain_totals();
    if (!running()) return;
    notify(&Observer::on_progress, TrainProgress{epoch(), step_, images_done(), images_per_epoch_,
                                                 learning_rate_, mean(interval)});
  }

  /// Moves what the engine counted into the epoch's totals; a loss that is not finite ends the run.
  Totals drain_totals() {
    const Totals interval = engine_.drain();
    position_.epoch_totals += interval;
    position_.epoch_seconds.train = epoch_seconds_before_ + epoch_watch_.seconds();
    if (!std::isfinite(interval.loss)) diverge("the training loss is");
    return interval;
  }

  /// Does what the clock or the world outside asks for after a step.
  void check_requests() {
    const Request request = request_();
    if (request == Request::kStop) {
      status_ = RunStatus::kInterrupted;
    } else if (config_.max_time && run_watch_.seconds() >= config_.max_time->count()) {
      status_ = RunStatus::kMaxTime;
    } else if (request == Request::kCheckpoint ||
               (config_.checkpoint_every.in_batches && checkpoint_due(step_))) {
      drain_totals();
      save_position();
    }
  }

  bool checkpoint_due(std::uint64_t count) const {
    return count % config_.checkpoint_every.count == 0;
  }

  void evaluate_epoch() {
    if (!all_finite(fetch_state().parameters)) return diverge("a weight is");
    const Stopwatch watch;
    const bool on_val = data_.val.size() > 0;
    const Metrics evaluated = mean(evaluate(engine_, on_val ? data_.val : *data_.test));
    if (on_val && (!position_.best || evaluated.accuracy > position_.best->val.accuracy)) {
      position_.best = BestEpoch{epoch(), evaluated, mean(evaluate(engine_, *data_.test)),
                                 position_.state.parameters};
    }
    position_.epoch_seconds.evaluate = watch.seconds();
    notify(&Observer::on_epoch,
           EpochFinished{epoch(), step_, schedule_.learning_rate(step_ - 1),
                         mean(position_.epoch_totals), on_val, evaluated, position_.epoch_seconds,
                         static_cast<double>(images_per_epoch_) / position_.epoch_seconds.train,
                         fingerprint(position_.state.parameters), &position_.state.parameters});
    ++position_.epochs;
    position_.epoch_totals = {};
    position_.epoch_seconds = {};
    const bool last = position_.epochs == until_;
    if (last && !on_val) final_ = evaluated;
    if (!last && !config_.checkpoint_every.in_batches && checkpoint_due(position_.epochs))
      save_position();
  }

  const TrainState& fetch_state() {
    if (position_.state.step != step_) position_.state = engine_.state();
    return position_.state;
  }

  void save_position() {
    if (!all_finite(fetch_state().parameters)) return diverge("a weight is");
    position_.seconds = seconds_before_ + run_watch_.seconds();
    notify(&Observer::on_position, position_);
  }

  void diverge(std::string_view what) {
    if (status_ == RunStatus::kDiverged) return;
    status_ = RunStatus::kDiverged;
    diverged_ = fmt::format("{} no longer finite in epoch {} after step {} with learning rate {}",
                            what, epoch(), step_, to_text(learning_rate_));
  }

  RunResult make_result() {
    return {status_,   position_.epochs,        step_,
            final_,    position_.best,          seconds_before_ + run_watch_.seconds(),
            diverged_, fetch_state().parameters};
  }

  template <class Event>
  void notify(void (Observer::*method)(const Event&), const Event& event) {
    for (Observer* observer : observers_) (observer->*method)(event);
  }

  const Config& config_;
  const TrainData& data_;
  Engine& engine_;
  RunPosition position_;
  const std::vector<Observer*>& observers_;
  const std::function<Request()>& request_;
  const std::uint64_t until_;
  const std::size_t batch_size_;
  const std::size_t steps_per_epoch_;
  const std::size_t images_per_epoch_;
  const Schedule schedule_;
  const double seconds_before_;
  const Stopwatch run_watch_;

  RunStatus status_ = RunStatus::kFinished;  // finished, unless something stops it before
  std::uint64_t step_ = position_.state.step;
  double learning_rate_ = 0.0;
  Stopwatch epoch_watch_;
  double epoch_seconds_before_ = 0.0;
  std::optional<Metrics> final_;
  std::string diverged_;
};

}  // namespace

TrainData make_train_data(const Config& config, const Split& train, const Split& test) {
  Partition parts =
      partition(train.labels, config.val_split, config.train_limit.value_or(0), config.seed);
  return {&train, std::move(parts.train), gather(train, parts.val), &test};
}

std::size_t steps_per_epoch(const Config& config, const TrainData& data) {
  const std::uint64_t all = (data.train_indices.size() + config.batch_size - 1) / config.batch_size;
  return std::min(all, config.limit_batches.value_or(all));
}

RunResult train(const Config& config, const TrainData& data, Engine& engine, RunPosition position,
                const std::vector<Observer*>& observers, const std::function<Request()>& request,
                std::optional<std::uint64_t> until) {
  return Trainer(config, data, engine, std::move(position), observers, request,
                 std::min(until.value_or(config.epochs), config.epochs))
      .run();
}

}  // namespace fmnist
