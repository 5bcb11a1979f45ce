#include "fmnist/sweep/trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "fmnist/core/files.h"
#include "fmnist/core/options.h"
#include "fmnist/core/text.h"
#include "fmnist/run/checkpoint.h"
#include "fmnist/sweep/journal.h"
#include "fmnist/train/trainer.h"

namespace fmnist {
namespace {

namespace fs = std::filesystem;

constexpr int kAttempts = 2;

/// What a trial sees of the test set.
const Split kNoImages;

fs::path state_path(const Plan& plan, const Trial& trial, const SweepSetup& setup) {
  const std::string name = trial.stage == Stage::kFinal
                               ? fmt::format("final-{}-{}.safetensors", trial.setting, trial.seed)
                               : fmt::format("trial-{}.safetensors", number_of(plan, trial));
  return setup.directory / kStatesFolder / name;
}

/// A trial in a sentence.
std::string name_of(const Plan& plan, const Trial& trial) {
  return fmt::format("{}{} with seed {}",
                     trial.stage == Stage::kFinal ? "the final training of " : "",
                     setting_text(plan, trial.setting), trial.seed);
}

bool give_the_same_result(const Config& a, const Config& b) {
  return std::ranges::all_of(options(), [&](const Option& option) {
    return !option.changes_result || option.get(a) == option.get(b);
  });
}

/// One attempt at a trial, following its training.
struct Attempt final : Observer {
  Attempt(const Plan& plan, const Trial& trial, const SweepSetup& shared)
      : setup(shared), config(trial_config(plan, trial)), state(state_path(plan, trial, shared)) {
    record.trial = trial;
  }

  /// Returns false when stopped before the trial's end. Throws `Error` and what engines throw.
  bool run() {
    position = first_position();
    record.epochs = position.epochs;
    const bool tests = record.trial.stage == Stage::kFinal;
    const TrainData data =
        make_train_data(config, setup.dataset->train, tests ? setup.dataset->test : kNoImages);
    const auto engine = setup.make_engine(config, position.state);
    std::vector<Observer*> observers = {this};
    if (setup.observer != nullptr) observers.push_back(setup.observer);
    const auto request = [&] { return setup.stop() ? Request::kStop : Request::kNone; };
    result =
        train(config, data, *engine, std::move(position), observers, request, record.trial.until);
    record.seconds = result.seconds;
    switch (result.status) {
      case RunStatus::kFinished:
        return true;
      case RunStatus::kPaused:
        record.status = TrialStatus::kPaused;
        return true;
      case RunStatus::kDiverged:
        record.status = TrialStatus::kDiverged;
        record.message = result.diverged;
        record.figures.reset();
        record.weights_sha256.clear();
        return true;
      default:
        return false;
    }
  }

  RunPosition first_position() const {
    std::error_code ignored;
    if (fs::exists(state, ignored)) {
      SavedRun saved = load_saved_run(state);
      // Else its record got lost, or it is of another trial that had this number.
      if (saved.position.epochs < record.trial.until && give_the_same_result(saved.config, config))
        return std::move(saved.position);
    }
    RunPosition first;
    first.state.parameters = setup.first_parameters(config.seed);
    return first;
  }

  void on_epoch(const EpochFinished& epoch) override {
    record.epochs = epoch.epoch;
    record.figures = epoch.evaluated;
    record.weights_sha256 = epoch.weights_sha256;
  }

  void on_position(const RunPosition& reached) override {
    position = reached;
    if (reached.epochs < record.trial.until) keep_state();
  }

  void keep_state() const {
    write_file_atomically(state, encode_state(position, config, setup.provenance));
  }

  void write_model() const {
    const fs::path folder = setup.directory / kModelsFolder;
    fs::create_directories(folder);
    write_file_atomically(folder / fmt::format("seed-{}.safetensors", record.trial.seed),
                          encode_model(result, config, setup.provenance));
  }

  const SweepSetup& setup;
  const Config config;
  const fs::path state;
  TrialRecord record;
  RunPosition position;  // the last that was worth keeping
  RunResult result;
};

}  // namespace

bool run_trial(const Plan& plan, const Trial& trial, const SweepSetup& setup,
               const std::function<void(TrialRecord)>& add) {
  for (int number = 1;; ++number) {
    Attempt attempt(plan, trial, setup);
    attempt.record.attempts = number;
    try {
      if (setup.stop() || !attempt.run()) return false;
    } catch (const std::exception& error) {
      remove_state(plan, trial, setup);  // it may be the reason
      const std::string why = first_line(error.what());
      if (number < kAttempts) {
        setup.warn(fmt::format("{} failed, trying once more: {}", name_of(plan, trial), why));
        continue;
      }
      attempt.record = {
          .trial = trial, .status = TrialStatus::kFailed, .message = why, .attempts = number};
    }
    const TrialStatus status = attempt.record.status;
    if (trial.stage == Stage::kFinal && status == TrialStatus::kFinished) attempt.write_model();
    add(attempt.record);
    if (status == TrialStatus::kPaused) {
      attempt.keep_state();
    } else {
      remove_state(plan, trial, setup);
    }
    return true;
  }
}

void remove_state(const Plan& plan, const Trial& trial, const SweepSetup& setup) {
  std::error_code ignored;  // it is overwritten or removed later
  fs::remove(state_path(plan, trial, setup), ignored);
}

}  // namespace fmnist
