#include "cli/commands/provenance.h"

#include <string>

#include "cli/terminal/log.h"
#include "fmnist/engine/torch/torch_engine.h"

namespace fmnist {

void log_provenance(const Dataset& dataset, const Machine& machine) {
  for (const std::string& warning : dataset.warnings) log_warning(warning);
  log_detail("data from " + dataset.directory.string() + ", SHA-256 " + dataset.sha256);
  if (machine.device.fell_back) {
    log_warning("--device " + machine.device.requested + " cannot be used: " +
                machine.device.reason + "; training on the CPU (" + machine.device.hint + ")");
  } else {
    log_detail("device " + machine.device.used + ": " + machine.device.reason);
  }
  log_detail("engine " + engine_name(machine) + ": " + machine.engine_reason);
}

RunFacts run_facts(const Config& config, const Machine& machine, const Dataset& dataset) {
  return {.config = config,
          .program_version = FMNIST_VERSION,
          .libtorch_version = libtorch_version(),
          .device = machine.device,
          .engine = engine_info(machine),
          .data_directory = dataset.directory,
          .data_sha256 = dataset.sha256,
          .data_verified = dataset.verified,
          .output = config.output,
          .resumed_from = std::nullopt};
}

}  // namespace fmnist
