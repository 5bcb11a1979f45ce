#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "fmnist/core/config.h"
#include "fmnist/core/metrics.h"
#include "fmnist/core/parameters.h"
#include "fmnist/engine/engine.h"

namespace fmnist {

/// Wall-clock seconds of the two halves of an epoch.
struct EpochSeconds {
  double train = 0.0;
  double evaluate = 0.0;
};

/// A run begins.
struct RunStarted {
  const Config* config;        // outlives the run
  std::uint64_t train_images;  // per epoch, after --val-split, --train-limit and --limit-batches
  std::uint64_t steps_per_epoch;
  std::uint64_t first_step;      // 0, or where a resumed run goes on
  const Parameters* parameters;  // at that step; valid during the call
};

/// An update was handed to the engine, which may still be at work on it.
struct StepDone {
  std::uint64_t epoch;        // from 1
  std::uint64_t step;         // updates in the whole run, this one included
  std::uint64_t images_done;  // in this epoch
};

/// A log point inside an epoch.
struct TrainProgress {
  std::uint64_t epoch;         // from 1
  std::uint64_t step;          // updates done in the whole run
  std::uint64_t images_done;   // in this epoch
  std::uint64_t images_total;  // in this epoch
  double learning_rate;        // of the last update
  Metrics train;               // over the batches since the last log point
};

/// An epoch was trained and evaluated.
struct EpochFinished {
  std::uint64_t epoch = 0;  // from 1
  std::uint64_t step = 0;
  double learning_rate = 0.0;  // of the epoch's last update
  Metrics train;               // over the epoch's batches, each as seen before its update
  bool on_val = false;         // `evaluated` is over the validation images, not the test set
  Metrics evaluated;
  EpochSeconds seconds;
  double images_per_second = 0.0;  // while training
  std::string weights_sha256;
  const Parameters* parameters = nullptr;  // the weights; valid during the call
};

/// The epoch with the best validation accuracy (the first of equals) and its test figures.
struct BestEpoch {
  std::uint64_t epoch = 0;
  Metrics val;
  Metrics test;
  Parameters parameters;
};

/// Where a run stands between two steps: with it, the data and the config, everything to come
/// follows.
struct RunPosition {
  TrainState state;               // parameters, momentum, steps done
  std::uint64_t epochs = 0;       // finished, evaluation included
  Totals epoch_totals;            // of the unfinished epoch so far
  EpochSeconds epoch_seconds;     // likewise
  double seconds = 0.0;           // of the whole run so far, all sessions
  std::optional<BestEpoch> best;  // only with a validation split
};

enum class RunStatus { kFinished, kInterrupted, kDiverged, kMaxTime, kPaused };

template <>
inline constexpr std::array<std::string_view, 5> kEnumNames<RunStatus>{
    "finished", "interrupted", "diverged", "max_time", "paused"};

/// What a run came to.
struct RunResult {
  RunStatus status = RunStatus::kFinished;
  std::uint64_t epochs = 0;  // finished
  std::uint64_t step = 0;
  std::optional<Metrics> final;   // of the last weights on the test set; not when interrupted
  std::optional<BestEpoch> best;  // only with a validation split
  double seconds = 0.0;           // training and evaluation, all sessions of a resumed run
  std::string diverged;           // when status is kDiverged: where, with the learning rate
  Parameters parameters;          // the last ones

  /// The weights to ship: the best by validation where there is one, else the last.
  const Parameters& shipped() const { return best ? best->parameters : parameters; }
};

/// Hears what a run does, in order, on the training thread. Every method may be left out.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_start(const RunStarted&) {}
  /// After every update, some thousand times a second: to be left again at once.
  virtual void on_step(const StepDone&) {}
  virtual void on_progress(const TrainProgress&) {}
  virtual void on_epoch(const EpochFinished&) {}
  /// The run stands at a position worth keeping (see --checkpoint-every; also when it stops).
  virtual void on_position(const RunPosition&) {}
  virtual void on_finish(const RunResult&) {}
};

}  // namespace fmnist
