#include "cli/train_command.h"

#include <array>
#include <ctime>
#include <memory>
#include <vector>

#include "cli/console.h"
#include "cli/log.h"
#include "cli/signals.h"
#include "fmnist/data/dataset.h"
#include "fmnist/engine/select/select.h"
#include "fmnist/engine/torch/torch_engine.h"
#include "fmnist/run/run_directory.h"
#include "fmnist/train/trainer.h"

namespace fmnist {
namespace {

constexpr int kBelowGate = 7;
constexpr int kSignalled = 128;  // plus the signal's number, as shells have it

/// "runs/2026-11-25T14-03-07Z".
std::filesystem::path default_output() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H-%M-%SZ", &utc);
  return std::filesystem::path("runs") / text.data();
}

void log_provenance(const Dataset& dataset, const Machine& machine) {
  for (const std::string& warning : dataset.warnings) log_warning(warning);
  log_detail("data from " + dataset.directory.string() + ", SHA-256 " + dataset.sha256);
  if (machine.device.fell_back) {
    log_warning("--device " + machine.device.requested + " cannot be used: " +
                machine.device.reason + "; training on the CPU (" + machine.device.hint + ")");
  } else {
    log_detail("device " + machine.device.used + ": " + machine.device.reason);
  }
  log_detail("engine: " + machine.engine_reason);
}

RunFacts gather_facts(const Config& config, const Dataset& dataset, const Machine& machine,
                      const EngineInfo& engine) {
  return {config,         FMNIST_VERSION,   libtorch_version(),
          machine.device, engine,           dataset.directory,
          dataset.sha256, dataset.verified, config.output};
}

int exit_status(const Config& config, const RunResult& result) {
  if (result.status == RunStatus::kDiverged) {
    throw Error(ErrorKind::kDiverged, "training diverged: " + result.diverged,
                "try a smaller --lr or a --warmup-epochs");
  }
  if (result.status == RunStatus::kInterrupted) return kSignalled + stop_signal();
  const double accuracy = result.best ? result.best->test.accuracy : result.final->accuracy;
  if (!config.fail_under || 100.0 * accuracy >= *config.fail_under) return 0;
  log_error("test accuracy " + percent(accuracy) + " is below --fail-under " +
            percent(*config.fail_under / 100.0));
  return kBelowGate;
}

}  // namespace

int run_training(Config config) {
  open_log(config.quiet     ? Verbosity::kQuiet
           : config.verbose ? Verbosity::kVerbose
                            : Verbosity::kNormal);
  if (config.log_file) add_log_file(*config.log_file, /*append=*/false);
  if (!config.no_output && !config.output) config.output = default_output();
  if (config.output && !config.overwrite) refuse_existing_run(*config.output);
  install_signal_handlers();

  const Dataset dataset = load_dataset(config.data_dir);
  const TrainData data = make_train_data(config, dataset.train, dataset.test);
  const Machine machine = choose_machine(config);
  if (config.output) {
    prepare_run_directory(*config.output, config.overwrite);
    add_log_file(*config.output / kLogFile, /*append=*/false);
  }
  log_provenance(dataset, machine);

  RunPosition position;
  position.state.parameters = initial_parameters(config.seed);
  const auto engine = make_engine(machine, config, dataset.train, position.state);
  const RunFacts facts = gather_facts(config, dataset, machine, engine->info());

  std::vector<std::unique_ptr<Observer>> owned;
  if (config.output) owned.push_back(std::make_unique<RunDirectory>(facts));
  owned.push_back(std::make_unique<LogLines>());
  if (config.json) {
    owned.push_back(std::make_unique<JsonLines>(facts));
  } else {
    owned.push_back(std::make_unique<ResultLines>(config.output));
  }
  std::vector<Observer*> observers;
  for (const auto& observer : owned) observers.push_back(observer.get());

  const RunResult result = train(config, data, *engine, std::move(position), observers, [] {
    return stop_signal() != 0 ? Request::kStop : Request::kNone;
  });
  return exit_status(config, result);
}

}  // namespace fmnist
