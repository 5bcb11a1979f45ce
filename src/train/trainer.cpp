#include "fmnist/train/trainer.h"

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
          const std::vector<Observer*>& observers, const std::function<Request()>& request)
      : config_(config),
        data_(data),
        engine_(engine),
        position_(std::move(position)),
        observers_(observers),
        request_(request),
        batch_size_(static_cast<std::size_t>(config.batch_size)),
        steps_per_epoch_(steps_per_epoch(config, data)),
        images_per_epoch_(std::min(data.train_indices.size(), steps_per_epoch_ * batch_size_)),
        schedule_(make_schedule(config, steps_per_epoch_)),
        seconds_before_(position_.seconds) {}

  RunResult run() {
    tell(&Observer::on_start, RunStarted{&config_, images_per_epoch_, steps_per_epoch_,
                                         position_.state.step, &position_.state.parameters});
    while (running() && position_.epochs < static_cast<std::uint64_t>(config_.epochs)) {
      train_epoch();
      if (running()) finish_epoch();
    }
    if (!final_ && (status_ == RunStatus::kFinished || status_ == RunStatus::kMaxTime))
      final_ = mean(evaluate(engine_, *data_.test));
    if (status_ != RunStatus::kDiverged) keep_position();
    const RunResult result = make_result();
    tell(&Observer::on_finish, result);
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

  /// The steps of one epoch that are still to do, up to its end or an early stop.
  void train_epoch() {
    const Stopwatch watch;
    const double seconds_before = position_.epoch_seconds.train;
    engine_.start_epoch(*data_.train, epoch_order(data_.train_indices, config_.seed,
                                                  static_cast<std::uint32_t>(epoch())));
    while (running() && steps_done() < steps_per_epoch_) {
      const std::size_t first = steps_done() * batch_size_;
      learning_rate_ = schedule_.learning_rate(step_);
      engine_.train_step(first, std::min(batch_size_, data_.train_indices.size() - first),
                         learning_rate_, step_);
      ++step_;
      tell(&Observer::on_step, StepDone{epoch(), step_, images_done()});
      if (at_log_point()) report_progress();
      if (running()) obey(watch, seconds_before);
    }
    take_totals();
    position_.epoch_seconds.train = seconds_before + watch.seconds();
  }

  bool at_log_point() const {
    return steps_done() % static_cast<std::size_t>(config_.log_every) == 0 ||
           steps_done() == steps_per_epoch_;
  }

  void report_progress() {
    const Totals interval = take_totals();
    if (!running()) return;
    tell(&Observer::on_progress, TrainProgress{epoch(), step_, images_done(), images_per_epoch_,
                                               learning_rate_, mean(interval)});
  }

  /// Moves what the engine counted into the epoch's totals; a loss that is not finite ends the run.
  Totals take_totals() {
    const Totals interval = engine_.drain();
    position_.epoch_totals += interval;
    if (!std::isfinite(interval.loss)) diverge("the training loss is");
    return interval;
  }

  /// Does what the clock or the world outside asks for after a step.
  void obey(const Stopwatch& watch, double seconds_before) {
    const Request request = request_();
    if (request == Request::kStop) {
      status_ = RunStatus::kInterrupted;
    } else if (config_.max_time && run_.seconds() >= config_.max_time->count()) {
      status_ = RunStatus::kMaxTime;
    } else if (request == Request::kCheckpoint || batch_checkpoint_due()) {
      take_totals();
      position_.epoch_seconds.train = seconds_before + watch.seconds();
      keep_position();
    }
  }

  bool batch_checkpoint_due() const {
    return config_.checkpoint_every.in_batches &&
           step_ % static_cast<std::uint64_t>(config_.checkpoint_every.count) == 0;
  }

  void finish_epoch() {
    if (!all_finite(take_state().parameters)) return diverge("a weight is");
    const Stopwatch watch;
    const bool on_val = data_.val.size() > 0;
    const Metrics evaluated = mean(evaluate(engine_, on_val ? data_.val : *data_.test));
    if (on_val) keep_best(evaluated);
    position_.epoch_seconds.evaluate = watch.seconds();
    const double train_seconds = position_.epoch_seconds.train;
    tell(&Observer::on_epoch,
         EpochFinished{epoch(), step_, schedule_.learning_rate(step_ - 1),
                       mean(position_.epoch_totals), on_val, evaluated, position_.epoch_seconds,
                       static_cast<double>(images_per_epoch_) / train_seconds,
                       fingerprint(position_.state.parameters), &position_.state.parameters});
    ++position_.epochs;
    position_.epoch_totals = {};
    position_.epoch_seconds = {};
    const bool last = position_.epochs == static_cast<std::uint64_t>(config_.epochs);
    if (last && !on_val) final_ = evaluated;
    if (!last && epoch_checkpoint_due()) keep_position();
  }

  bool epoch_checkpoint_due() const {
    return !config_.checkpoint_every.in_batches &&
           position_.epochs % static_cast<std::uint64_t>(config_.checkpoint_every.count) == 0;
  }

  void keep_best(const Metrics& val) {
    if (position_.best && val.accuracy <= position_.best->val.accuracy) return;
    position_.best =
        BestEpoch{epoch(), val, mean(evaluate(engine_, *data_.test)), position_.state.parameters};
  }

  const TrainState& take_state() {
    if (position_.state.step != step_) position_.state = engine_.state();
    return position_.state;
  }

  void keep_position() {
    if (!all_finite(take_state().parameters)) return diverge("a weight is");
    position_.seconds = seconds_before_ + run_.seconds();
    tell(&Observer::on_position, position_);
  }

  void diverge(const std::string& what) {
    if (status_ == RunStatus::kDiverged) return;
    status_ = RunStatus::kDiverged;
    diverged_ = what + " no longer finite in epoch " + std::to_string(epoch()) + " after step " +
                std::to_string(step_) + " with learning rate " + to_text(learning_rate_);
  }

  RunResult make_result() {
    return {status_,   position_.epochs,       step_,
            final_,    position_.best,         seconds_before_ + run_.seconds(),
            diverged_, take_state().parameters};
  }

  template <class Event>
  void tell(void (Observer::*method)(const Event&), const Event& event) {
    for (Observer* observer : observers_) (observer->*method)(event);
  }

  const Config& config_;
  const TrainData& data_;
  Engine& engine_;
  RunPosition position_;
  const std::vector<Observer*>& observers_;
  const std::function<Request()>& request_;
  const std::size_t batch_size_;
  const std::size_t steps_per_epoch_;
  const std::size_t images_per_epoch_;
  const Schedule schedule_;
  const double seconds_before_;
  const Stopwatch run_;

  RunStatus status_ = RunStatus::kFinished;  // finished, unless something stops it before
  std::uint64_t step_ = position_.state.step;
  double learning_rate_ = 0.0;
  std::optional<Metrics> final_;
  std::string diverged_;
};

}  // namespace

TrainData make_train_data(const Config& config, const Split& train, const Split& test) {
  Partition parts =
      partition(train.labels, static_cast<std::size_t>(config.val_split),
                static_cast<std::size_t>(config.train_limit.value_or(0)), config.seed);
  return {&train, std::move(parts.train), gather(train, parts.val), &test};
}

std::size_t steps_per_epoch(const Config& config, const TrainData& data) {
  const auto batch_size = static_cast<std::size_t>(config.batch_size);
  const std::size_t all = (data.train_indices.size() + batch_size - 1) / batch_size;
  return config.limit_batches ? std::min(all, static_cast<std::size_t>(*config.limit_batches))
                              : all;
}

RunResult train(const Config& config, const TrainData& data, Engine& engine, RunPosition position,
                const std::vector<Observer*>& observers, const std::function<Request()>& request) {
  return Trainer(config, data, engine, std::move(position), observers, request).run();
}

}  // namespace fmnist
