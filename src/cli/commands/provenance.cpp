#include "cli/commands/provenance.h"

#include <fmt/format.h>

#include <string>

#include "cli/terminal/log.h"
#include "fmnist/engine/torch/torch_engine.h"

namespace fmnist {

void log_data(const Dataset& dataset) {
  for (const std::string& warning : dataset.warnings) log_warning(warning);
  log_detail(fmt::format("data from {}, SHA-256 {}", dataset.info.directory.string(),
                         dataset.info.sha256));
}

void log_machine(const Machine& machine) {
  if (machine.device.fell_back) {
    log_warning(fmt::format("--device {} cannot be used: {}; using the CPU ({})",
                            machine.device.requested, machine.device.reason, machine.device.hint));
  } else {
    log_detail(fmt::format("device {}: {}", machine.device.used, machine.device.reason));
  }
  log_detail(fmt::format("engine {}: {}", to_string(machine.engine), machine.engine_reason));
}

Provenance provenance_of(const Machine& machine, const Dataset& dataset) {
  return {.program_version = FMNIST_VERSION,
          .libtorch_version = libtorch_version(),
          .engine = engine_info(machine),
          .data = dataset.info};
}

}  // namespace fmnist
