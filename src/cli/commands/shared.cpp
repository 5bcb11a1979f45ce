#include "cli/commands/shared.h"

#include <fmt/format.h>

#include <string>

#include "cli/terminal/log.h"
#include "fmnist/core/error.h"
#include "fmnist/engine/torch/torch_engine.h"

namespace fmnist {
namespace {

/// `config` with the CPU and the engine of the model's run where it says auto. A GPU is not asked
/// for: this machine may have none, and auto takes it where there is one.
Config completed(Config config, const TrainedModel& model) {
  if (!model.config || model.config->device.kind != DeviceRequest::Kind::kCpu) return config;
  if (config.device.kind == DeviceRequest::Kind::kAuto) config.device = model.config->device;
  if (config.engine == EngineChoice::kAuto && config.device.kind == DeviceRequest::Kind::kCpu)
    config.engine = model.config->engine;
  return config;
}

}  // namespace

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

void require_checkpoint(const std::filesystem::path& checkpoint, std::string_view command) {
  if (!checkpoint.empty()) return;
  throw Error(ErrorKind::kUsage, fmt::format("{} needs --checkpoint", command),
              "give a run directory or a safetensors file");
}

void compare_data(const TrainedModel& model, const Dataset& dataset) {
  log_data(dataset);
  if (model.provenance && model.provenance->data.sha256 != dataset.info.sha256) {
    log_warning(fmt::format("'{}' was trained on other data (SHA-256 {}) than that in '{}'",
                            model.file.string(), model.provenance->data.sha256,
                            dataset.info.directory.string()));
  }
}

Machine choose_machine_for(const TrainedModel& model, const Config& config) {
  if (!all_finite(model.parameters)) {
    throw Error(ErrorKind::kDiverged,
                fmt::format("'{}' has weights that are NaN or infinite: its training diverged",
                            model.file.string()),
                "give another checkpoint");
  }
  const Machine machine = choose_machine(completed(config, model));
  log_machine(machine);
  return machine;
}

std::unique_ptr<Engine> make_model_engine(const TrainedModel& model, const Machine& machine) {
  return make_engine(machine, {}, {.parameters = model.parameters, .momentum = {}, .step = 0});
}

void warn_of_other_versions(const Provenance& saved, std::string_view what) {
  if (saved.program_version == FMNIST_VERSION && saved.libtorch_version == libtorch_version())
    return;
  log_warning(
      fmt::format("the saved {0} is of fmnist-train {1} with LibTorch {2}: going on with "
                  "other versions may not give the bits of a {0} that was never stopped",
                  what, saved.program_version, saved.libtorch_version));
}

std::string full_text(const Error& error) {
  return error.hint().empty() ? error.what() : fmt::format("{}; {}", error.what(), error.hint());
}

std::string shell_quoted(const std::string& text) {
  const bool plain = !text.empty() && text.front() != '=' &&
                     text.find_first_not_of(
                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                         "0123456789_./-+:,@%=") == std::string::npos;
  if (plain) return text;
  std::string quoted = "'";
  for (const char letter : text)
    quoted += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
  return quoted + "'";
}

}  // namespace fmnist
