#pragma once

#include <memory>
#include <string>

#include "fmnist/core/config.h"
#include "fmnist/engine/engine.h"

namespace fmnist {

/// What will run where, and why: the outcome of `--device`, `--engine` and `--threads`.
struct Machine {
  DeviceChoice device;
  EngineChoice engine = EngineChoice::kTorch;  // never kAuto
  std::string engine_reason;
  int threads = 1;
};

/// The CPU cores this process may use: its affinity mask, bounded by the control group's quota.
int available_cpus();

/// Resolves the machine options of `config`. Throws `Error` (kDevice) when a required device is not
/// usable.
Machine choose_machine(const Config& config);

/// What the machine's engine is, without making one.
EngineInfo engine_info(const Machine& machine);

/// The engine for `machine`, continuing from `state`.
std::unique_ptr<Engine> make_engine(const Machine& machine, const Config& config,
                                    const TrainState& state);

}  // namespace fmnist
