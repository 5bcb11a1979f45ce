#include "fmnist/engine/select/select.h"

#include <fmt/format.h>

#include "fmnist/engine/fused/fused_engine.h"
#include "fmnist/engine/torch/device.h"
#include "fmnist/engine/torch/torch_engine.h"

namespace fmnist {
namespace {

void choose_engine(EngineChoice asked, Machine& machine) {
  const bool cpu = machine.device.used == "cpu";
  machine.engine = asked;
  machine.engine_reason = "it was asked for";
  if (asked != EngineChoice::kAuto) return;
  machine.engine = cpu ? EngineChoice::kFused : EngineChoice::kTorch;
  machine.engine_reason = cpu ? "fused is the fast one on a CPU"
                              : fmt::format("torch is the one for {}", machine.device.used);
}

}  // namespace

Machine choose_machine(const Config& config) {
  Machine machine;
  DeviceRequest request = config.device;
  // The fused engine is a CPU's: with it, `auto` asks for no GPU.
  if (config.engine == EngineChoice::kFused) request = {DeviceRequest::Kind::kCpu, std::nullopt};
  machine.device = choose_device(request, config.require_device);
  machine.device.requested = to_string(config.device);
  if (request != config.device) machine.device.reason = "the fused engine runs on the CPU";
  machine.threads = config.threads.value_or(available_cpus());
  choose_engine(config.engine, machine);
  return machine;
}

EngineInfo engine_info(const Machine& machine) {
  switch (machine.engine) {
    case EngineChoice::kFused:
      return fused_engine_info(machine.threads);
    case EngineChoice::kTorch:
    case EngineChoice::kAuto:
      break;
  }
  return torch_engine_info(machine.device.used, machine.threads);
}

std::unique_ptr<Engine> make_engine(const Machine& machine, const Config& config,
                                    const TrainState& state) {
  switch (machine.engine) {
    case EngineChoice::kFused:
      return make_fused_engine(config, state, machine.threads);
    case EngineChoice::kTorch:
    case EngineChoice::kAuto:
      break;
  }
  return make_torch_engine(config, state, machine.device.used, machine.threads);
}

}  // namespace fmnist
