#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/arguments/command_line.h"
#include "cli/commands/commands.h"
#include "cli/commands/report_command.h"
#include "cli/commands/shared.h"
#include "cli/terminal/console.h"
#include "cli/terminal/log.h"
#include "cli/terminal/output.h"
#include "cli/terminal/progress_bar.h"
#include "cli/terminal/signals.h"
#include "fmnist/core/error.h"
#include "fmnist/core/text.h"
#include "fmnist/data/dataset.h"
#include "fmnist/engine/select/select.h"
#include "fmnist/engine/torch/torch_engine.h"
#include "fmnist/run/checkpoint.h"
#include "fmnist/run/resume.h"
#include "fmnist/run/run_directory.h"
#include "fmnist/run/run_recorder.h"
#include "fmnist/tensorboard/tensorboard_writer.h"
#include "fmnist/train/trainer.h"

namespace fmnist {
namespace {

/// Where a run begins: at the start, or where a saved one stopped.
struct Start {
  Config config;
  Claim claim = Claim::kNew;
  RunPosition position;
  std::optional<SavedRun> saved;
  std::vector<SettingConflict> conflicts;
};

/// What is used is what was saved.
void log_conflicts(const std::vector<SettingConflict>& conflicts) {
  const auto line = [](std::string_view name, std::string_view saved, std::string_view given,
                       std::string_view used) {
    log_error(fmt::format("{:<18}{:<14}{:<14}{}", name, saved, given, used));
  };
  line("setting", "saved", "given", "used");
  for (const SettingConflict& conflict : conflicts)
    line(conflict.option, conflict.saved, conflict.given, conflict.saved);
}

void warn_of_lost_metrics(const SavedRun& saved) {
  if (saved.metrics_complete) return;
  const auto metrics = saved.file.parent_path() / kMetricsFile;
  log_warning(
      fmt::format("'{}' is missing or lacks some of the {} finished epochs: the resumed run is "
                  "exact, but its {} will lack them, too",
                  metrics.string(), saved.position.epochs, kMetricsFile));
}

/// Reads the saved run that the command line names, if any. Throws `Error` (kCheckpoint).
Start plan_start(const Invocation& invocation) {
  Start start;
  start.config = invocation.config;
  if (!invocation.resume) {
    if (start.config.overwrite) start.claim = Claim::kOverwrite;
    return start;
  }
  const bool named = !invocation.resume->empty();
  start.saved = load_saved_run(named ? *invocation.resume : *invocation.config.output);
  start.config =
      resume_config(start.saved->config, invocation.config, invocation.given, start.conflicts);
  start.position = start.saved->position;
  // A state of another directory begins a new run there; else the run goes on in its own place.
  const auto home = start.saved->file.has_parent_path() ? start.saved->file.parent_path()
                                                        : std::filesystem::path(".");
  if (!start.config.no_output && !start.config.output) start.config.output = home;
  std::error_code ignored;
  const bool in_place =
      start.config.output && std::filesystem::equivalent(*start.config.output, home, ignored);
  start.claim = in_place ? Claim::kResume : Claim::kNew;
  return start;
}

/// Throws `Error` (kCheckpoint), after a table in the log, when the run would not go on as the
/// saved one: other settings, engine, device, or (torch engine) number of threads. Warns of what
/// else is not as it was.
void check_settings(const SavedRun& saved, const Start& start, const Machine& machine) {
  std::vector<SettingConflict> conflicts = start.conflicts;
  for (const SettingConflict& conflict :
       conflicts_between(saved.provenance.engine, engine_info(machine)))
    conflicts.push_back(conflict);
  if (!conflicts.empty()) {
    log_conflicts(conflicts);
    throw Error(ErrorKind::kCheckpoint,
                fmt::format("cannot resume from '{}' with other settings ({}, see the table)",
                            saved.file.string(), conflicts.size()),
                "leave them out to go on as saved, or start a new run in another --output");
  }
  warn_of_other_versions(saved.provenance, "run");
  warn_of_lost_metrics(saved);
}

/// Throws `Error` (kCheckpoint) when the saved run was trained on other data.
void check_data(const SavedRun& saved, const Dataset& dataset) {
  const std::string& trained_on = saved.provenance.data.sha256;
  if (dataset.info.sha256 != trained_on) {
    throw Error(
        ErrorKind::kCheckpoint,
        fmt::format(
            "cannot resume from '{}': it was trained on data of SHA-256 {}, found {} in '{}'",
            saved.file.string(), trained_on, dataset.info.sha256, dataset.info.directory.string()),
        "give --data-dir of the same data");
  }
}

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
    const auto warn = [](const Error& error) { log_warning(error.what()); };
    const auto tell = [json = config.json](const auto& saved) {
      if (json) print_json(saved);
    };
    observers.push_back(std::make_unique<RunRecorder>(facts, metrics, warn, tell));
    if (config.tensorboard)
      observers.push_back(tensorboard_writer(*config.output / kTensorBoardDirectory, warn));
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
