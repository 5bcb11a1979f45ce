#include "fmnist/sweep/trial.h"

#include "fmnist/core/files.h"
#include "fmnist/run/checkpoint.h"
#include "fmnist/train/trainer.h"

namespace fmnist {
namespace {

/// Follows a trial: its last figures, and its states on disk.
class Follower final : public Observer {
 public:
  Follower(const TrialTask& task, const SweepSetup& setup, std::uint64_t epochs)
      : task_(task), setup_(setup), epochs_(epochs) {}

  void on_epoch(const EpochFinished& epoch) override {
    epochs_ = epoch.epoch;
    figures_ = epoch.evaluated;
    weights_sha256_ = epoch.weights_sha256;
  }

  void on_position(const RunPosition& position) override {
    if (position.epochs < task_.until) {
      keep_position(task_, position, setup_);
    } else {
      position_ = position;
    }
  }

  bool is_done() const { return epochs_ >= task_.until; }

  TrialRun run(TrialStatus status, RunResult result) {
    const bool diverged = status == TrialStatus::kDiverged;
    TrialRecord record{.status = status,
                       .epochs = epochs_,
                       .figures = diverged ? std::nullopt : figures_,
                       .weights_sha256 = diverged ? "" : weights_sha256_,
                       .message = result.diverged,
                       .seconds = result.seconds};
    return {std::move(record), std::move(position_), std::move(result)};
  }

 private:
  const TrialTask& task_;
  const SweepSetup& setup_;
  std::uint64_t epochs_;
  std::optional<Metrics> figures_;
  std::string weights_sha256_;
  RunPosition position_;
};

RunPosition first_position(const TrialTask& task, const SweepSetup& setup) {
  std::error_code ignored;
  if (std::filesystem::exists(task.state, ignored)) return load_saved_run(task.state).position;
  RunPosition position;
  position.state.parameters = setup.first_parameters(task.config.seed);
  return position;
}

}  // namespace

const char* to_string(TrialStatus status) {
  switch (status) {
    case TrialStatus::kPaused:
      return "paused";
    case TrialStatus::kFinished:
      return "finished";
    case TrialStatus::kDropped:
      return "dropped";
    case TrialStatus::kDiverged:
      return "diverged";
    case TrialStatus::kFailed:
      return "failed";
  }
  return "failed";
}

std::optional<TrialRun> run_trial(const TrialTask& task, const SweepSetup& setup,
                                  Observer* observer) {
  RunPosition position = first_position(task, setup);
  Follower follower(task, setup, position.epochs);
  const TrainData data = make_train_data(task.config, setup.dataset->train, *task.test);
  const auto engine = setup.make_engine(task.config, position.state);
  std::vector<Observer*> observers = {&follower};
  if (observer != nullptr) observers.push_back(observer);
  // The trainer asks between two steps: a rung ends one step into the next epoch, with the schedule
  // of the full length, and a trial that goes on loses nothing.
  RunResult result = train(task.config, data, *engine, std::move(position), observers, [&] {
    return setup.stop() || follower.is_done() ? Request::kStop : Request::kNone;
  });
  if (result.status == RunStatus::kDiverged)
    return follower.run(TrialStatus::kDiverged, std::move(result));
  if (result.status == RunStatus::kFinished)
    return follower.run(TrialStatus::kFinished, std::move(result));
  if (!follower.is_done()) return std::nullopt;
  return follower.run(TrialStatus::kPaused, std::move(result));
}

void keep_position(const TrialTask& task, const RunPosition& position, const SweepSetup& setup) {
  write_file_atomically(task.state, encode_state(position, task.config, setup.provenance));
}

}  // namespace fmnist
