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

/// The status as it stands in results: "paused", "finished", "dropped", "diverged", "failed".
const char* to_string(TrialStatus status);

/// What a trial came to.
struct TrialRecord {
  std::size_t trial = 0;  // its number in the plan
  TrialStatus status = TrialStatus::kFinished;
  std::uint64_t epochs = 0;        // finished
  std::optional<Metrics> figures;  // after the last of them; not when diverged or failed
  std::string weights_sha256;      // likewise
  std::string message;             // why it diverged or failed
  double seconds = 0.0;            // of training and evaluation
  int attempts = 1;
};

/// What all trials of a sweep share.
struct SweepSetup {
  const Dataset* dataset;
  Provenance provenance;
  std::function<std::unique_ptr<Engine>(const Config&, const TrainState&)>
      make_engine;                                                 // called from several threads
  std::function<Parameters(std::uint64_t seed)> first_parameters;  // likewise
  std::function<bool()> stop = [] { return false; };               // likewise
};

/// One trial, or a part of it.
struct TrialTask {
  Config config;
  const Split* test;            // empty where a trial must not look at the test set
  std::uint64_t until;          // epochs to have finished, at most those of `config`
  std::filesystem::path state;  // continues from here if it exists; kept as it goes on
};

/// How far a trial came.
struct TrialRun {
  TrialRecord record;    // all but the trial's number and attempts
  RunPosition position;  // to go on from, when paused
  RunResult result;
};

/// Trains until `task.until`; nothing when `setup.stop` ended it before, with the state kept. The
/// state file never holds more finished epochs than the records so far: the last position comes
/// back in the result, to be kept once the record is. `observer` hears of the training. Throws
/// `Error` and what engines throw.
std::optional<TrialRun> run_trial(const TrialTask& task, const SweepSetup& setup,
                                  Observer* observer = nullptr);

/// Keeps `position` of a paused trial in `task.state`.
void keep_position(const TrialTask& task, const RunPosition& position, const SweepSetup& setup);

}  // namespace fmnist
