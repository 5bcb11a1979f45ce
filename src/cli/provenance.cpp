#include "cli/provenance.h"

#include <string>

#include "cli/log.h"

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

}  // namespace fmnist
