#include <fmt/format.h>

#include <memory>
#include <vector>

#include "cli/commands/commands.h"
#include "cli/commands/provenance.h"
#include "cli/commands/report_command.h"
#include "cli/commands/resume.h"
#include "cli/terminal/console.h"
#include "cli/terminal/log.h"
#include "cli/terminal/output.h"
#include "cli/terminal/progress_bar.h"
#include "cli/terminal/signals.h"
#include "fmnist/core/text.h"
#include "fmnist/data/dataset.h"
#include "fmnist/engine/select/select.h"
#include "fmnist/engine/torch/torch_engine.h"
#include "fmnist/run/run_directory.h"
#include "fmnist/run/run_recorder.h"
#include "fmnist/tensorboard/tensorboard_writer.h"
#include "fmnist/train/trainer.h"

namespace fmnist {
namespace {

/// What the log says when a signal stops the run.
void log_interruption(const Config& config) {
  log_info(fmt::format("stopped by {}; {}", stop_signal_name(),
                       config.output ? fmt::format("go on with: fmnist-train --output {} --resume",
                                                   shell_quoted(config.output->string()))
                                     : "nothing was kept (--no-output)"));
}

int exit_status(const Config& config, const RunResult& result) {
  if (result.status == RunStatus::kDiverged) {
    throw Error(ErrorKind::kDiverged, fmt::format("training diverged: {}", result.diverged),
                "try a smaller --lr or a --warmup-epochs");
  }
  if (result.status == RunStatus::kInterrupted) {
    log_interruption(config);
    return stopped_status();
  }
  const double accuracy = result.best ? result.best->test.accuracy : result.final->accuracy;
  if (!config.fail_under || 100.0 * accuracy >= *config.fail_under) return 0;
  throw Error(ErrorKind::kGate,
              fmt::format("test accuracy {} is below --fail-under {}", percentage(accuracy),
                          percentage(*config.fail_under / 100.0)));
}

Request requested() {
  if (stop_signal() != 0) return Request::kStop;
  return take_checkpoint_request() ? Request::kCheckpoint : Request::kNone;
}

/// Whether the run came to an end at which its model is the one to ship.
bool has_model(RunStatus status) {
  return status == RunStatus::kFinished || status == RunStatus::kMaxTime;
}

/// Who hears of the run: the recorder first, so that a saved state is told before the end, and the
/// bar before the results, which take its place.
std::vector<std::unique_ptr<Observer>> make_observers(const RunFacts& facts,
                                                      const std::string& metrics) {
  const Config& config = facts.config;
  std::vector<std::unique_ptr<Observer>> observers;
  if (config.output) {
    RunRecorder::Listener listener;
    listener.failed = [](const Error& error) { log_warning(error.what()); };
    if (config.json) {
      listener.saved = [](const auto& path, const auto& state) {
        print_json(checkpoint_event(path, state.epochs, state.step));
      };
    }
    observers.push_back(std::make_unique<RunRecorder>(facts, metrics, listener));
    if (config.tensorboard) {
      observers.push_back(
          tensorboard_writer(*config.output / kTensorBoardDirectory, listener.failed));
    }
  }
  const ProgressStyle style = progress_style(config);
  observers.push_back(log_lines(facts.provenance.engine, style == ProgressStyle::kLines));
  if (style == ProgressStyle::kBar) observers.push_back(training_bar());
  observers.push_back(config.json ? json_lines(facts) : result_lines(config.output));
  return observers;
}

int run_training(const Invocation& invocation) {
  install_signal_handlers();

  Start start = plan_start(invocation);
  Config& config = start.config;
  if (!config.no_output && !config.output) config.output = default_output();
  if (config.output && start.claim == Claim::kNew) refuse_existing(*config.output, {kRunFiles});

  const Machine machine = choose_machine(config);
  if (start.saved) check_settings(*start.saved, start, machine);

  const Dataset dataset = load_dataset(config.data_dir);
  if (start.saved) check_data(*start.saved, dataset);
  const TrainData data = make_train_data(config, dataset.train, dataset.test);
  if (!start.saved) start.position.state.parameters = initial_parameters(config.seed);
  const auto engine = make_engine(machine, config, start.position.state);

  std::optional<OutputDirectory> directory;
  if (config.output) {
    directory.emplace(*config.output, start.claim, std::vector{kRunFiles});
    add_log_file(*config.output / kLogFile, /*append=*/start.claim == Claim::kResume);
  }
  log_data(dataset);
  log_machine(machine);
  RunFacts facts{config, provenance_of(machine, dataset), machine.device, {}};
  if (start.saved) facts.resumed_from = start.saved->file;
  const auto owned = make_observers(facts, start.saved ? start.saved->metrics : "");
  std::vector<Observer*> observers;
  for (const auto& observer : owned) observers.push_back(observer.get());
  const RunResult result =
      train(config, data, *engine, std::move(start.position), observers, requested);
  if (config.output && !config.quiet && has_model(result.status))
    report_after_run(*config.output, dataset, machine);
  return exit_status(config, result);
}

}  // namespace

Command train_command() { return {.id = kTrain, .name = "", .help = "", .run = run_training}; }

}  // namespace fmnist
