#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "fmnist/core/config.h"
#include "fmnist/core/metrics.h"
#include "fmnist/core/parameters.h"
#include "fmnist/data/split.h"

namespace fmnist {

/// Which engine runs: known before one is made.
struct EngineInfo {
  EngineChoice name = EngineChoice::kTorch;  // never kAuto
  std::string device;                        // "cpu", "cuda:0"
  int threads = 1;
  std::string isa;  // instruction set of the arithmetic, for example "avx512"

  bool operator==(const EngineInfo&) const = default;
};

/// {"name", "device", "threads", "isa"}.
nlohmann::ordered_json to_json(const EngineInfo& engine);

/// Reads what `to_json` writes. Files written before may lack the device, which is empty then, and
/// the threads of the fused engine, which are 0 then. Throws nlohmann's exceptions and
/// std::invalid_argument.
EngineInfo engine_from_json(const nlohmann::json& json);

/// The device a run asked for and the one it gets, with the reason for people.
struct DeviceChoice {
  std::string requested;   // as typed: "auto", "cuda:1"
  std::string used;        // as LibTorch names it: "cpu", "cuda:1"
  std::string reason;      // why this one
  std::string hint;        // how to get the device asked for; empty when it was given
  bool fell_back = false;  // CUDA was asked for by name but the CPU is used
};

/// Resolution of a batch's summed training loss: a power of two, far below what is shown, that
/// makes sums over an epoch exact in double (up to 2^53 of it).
inline constexpr double kLossQuantum = 1.0 / (1 << 20);

/// Does the arithmetic of training. Constructed with the recipe's `Config` and the
/// `TrainState` to continue from; the learning rate comes with every step. Not for use from several
/// threads at once.
class Engine {
 public:
  virtual ~Engine() = default;

  /// Makes `order` (indices into `train`) the order of the coming steps. `train` must outlive them
  /// and not change: its images go to the device when it is first seen; what an epoch needs besides
  /// (order, dropout) goes there now.
  virtual void start_epoch(const Split& train, std::span<const std::uint32_t> order) = 0;

  /// One optimiser update with the mean loss over the images at `order[first .. first + count)`.
  /// Dropout is a pure function of (seed, step, place in the batch); `step` counts from 0 and is
  /// the number of updates done before this one. Does not wait for the device.
  virtual void train_step(std::size_t first, std::size_t count, double learning_rate,
                          std::uint64_t step) = 0;

  /// Sums of the steps since the last call, each batch as seen before its update (with dropout and
  /// label smoothing). A batch's loss is rounded to `kLossQuantum`, so that the sums are exact and
  /// do not depend on when they were drained. The one place where an engine waits for its device.
  virtual Totals drain() = 0;

  /// Logits [n, 10] of `images` [n, 28, 28], without dropout.
  virtual std::vector<float> logits(std::span<const std::uint8_t> images) = 0;

  /// Parameters, momentum and the number of steps done, copied from the device.
  virtual TrainState state() = 0;
};

/// Sums over all of `split` without dropout or label smoothing.
Totals evaluate(Engine& engine, const Split& split);

}  // namespace fmnist
