#include "fmnist/engine/select/select.h"

#include "fmnist/engine/torch/device.h"
#include "fmnist/engine/torch/torch_engine.h"

namespace fmnist {

Machine choose_machine(const Config& config) {
  Machine machine;
  machine.device = choose_device(config.device, config.require_device);
  machine.threads = config.threads.value_or(available_cpus());
  machine.engine = EngineChoice::kTorch;
  machine.engine_reason = "the torch engine was asked for";
  return machine;
}

std::unique_ptr<Engine> make_engine(const Machine& machine, const Config& config,
                                    const Split& train, const TrainState& state) {
  const StepOptions options{config.momentum, config.nesterov,        config.weight_decay,
                            config.dropout,  config.label_smoothing, config.seed};
  return make_torch_engine(options, train, state, machine.device.used, machine.threads);
}

}  // namespace fmnist
