#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "fmnist/data/dataset.h"
#include "fmnist/engine/engine.h"
#include "fmnist/run/provenance.h"
#include "fmnist/sweep/plan.h"
#include "fmnist/train/events.h"

namespace fmnist {

/// From good to bad.
enum class TrialStatus {
  kPaused,    // at a rung: the sweep decides whether it goes on
  kFinished,  // trained to its end
  kDropped,   // by halving
  kDiverged,
  kFailed,  // twice, by an error
};

template <>
inline constexpr std::array<std::string_view, 5> kEnumNames<TrialStatus>{
    "paused", "finished", "dropped", "diverged", "failed"};

/// What a trial came to.
struct TrialRecord {
  Trial trial;
  TrialStatus status = TrialStatus::kFinished;
  std::uint64_t epochs = 0;             // finished
  std::optional<Metrics> figures = {};  // after the last of them; not when diverged or failed
  std::string weights_sha256 = {};      // likewise
  std::string message = {};             // why it diverged or failed
  double seconds = 0.0;                 // of training and evaluation
  int attempts = 1;
};

/// What all trials of a sweep share. The functions are called from several threads.
struct SweepSetup {
  std::filesystem::path directory;
  const Dataset* dataset;
  Provenance provenance;
  std::function<std::unique_ptr<Engine>(const Config&, const TrainState&)> make_engine;
  std::function<Parameters(std::uint64_t seed)> first_parameters;
  std::function<bool()> stop = [] { return false; };
  std::function<void(const std::string&)> warn = [](const auto&) {};
  Observer* observer = nullptr;  // of all trainings' steps and epochs, each on its own thread
};

/// Trains `trial` from its kept state on, once more after an error, and hands its record to `add`;
/// writes the model of a final training. A state that has come to `trial.until` is written
/// after its record. Returns false when `setup.stop` ended it before, with its state kept.
bool run_trial(const Plan& plan, const Trial& trial, const SweepSetup& setup,
               const std::function<void(TrialRecord)>& add);

/// Removes the kept state of a trial that will not go on.
void remove_state(const Plan& plan, const Trial& trial, const SweepSetup& setup);

}  // namespace fmnist
