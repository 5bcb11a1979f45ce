#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <system_error>

#include "cli/arguments/command_line.h"
#include "cli/commands/commands.h"
#include "cli/commands/report_command.h"
#include "cli/commands/shared.h"
#include "cli/terminal/log.h"
#include "cli/terminal/output.h"
#include "cli/terminal/progress_bar.h"
#include "cli/terminal/signals.h"
#include "cli/terminal/sweep_bar.h"
#include "fmnist/core/error.h"
#include "fmnist/core/files.h"
#include "fmnist/core/options.h"
#include "fmnist/data/order.h"
#include "fmnist/engine/select/select.h"
#include "fmnist/engine/torch/torch_engine.h"
#include "fmnist/run/results.h"
#include "fmnist/run/run_directory.h"
#include "fmnist/sweep/journal.h"
#include "fmnist/sweep/sweep.h"
#include "fmnist/sweep/sweep_json.h"
#include "fmnist/sweep/sweep_table.h"

namespace fmnist {
namespace {

namespace fs = std::filesystem;

/// What a sweep's directory may hold.
const std::vector<OutputFiles> kOutput = {
    {"sweep", {kSweepFile, kJournalFile, kTrialsFile}, {kStatesFolder, kModelsFolder}}, kRunFiles};

constexpr std::size_t kSettingsLogged = 40;  // of the plan

/// What `fmnist-train sweep` takes besides training options.
struct SweepOptions : PlanRequest {
  std::optional<int> jobs;  // the cores this process may use when not given
  bool plan_only = false;
};

const std::vector<OptionOf<SweepOptions>>& table() {
  static const std::vector<OptionOf<SweepOptions>> kTable = {
      option<SweepOptions>(
          {.name = "vary",
           .help = "an option and its values: lr=0.01,0.02 or lr=0.001..0.1:log:5 (or lin); "
                   "without the number a range to draw from; again for another option",
           .placeholder = "NAME=VALUES"},
          &SweepOptions::vary),
      option<SweepOptions>({.name = "seeds", .help = "seeds per setting, from --seed on"},
                           &SweepOptions::seeds, {1, 1000}),
      option<SweepOptions>(
          {.name = "search",
           .help = "every combination, or --trials N settings drawn from the ranges"},
          &SweepOptions::search),
      option<SweepOptions>({.name = "trials", .help = "settings to draw with --search random"},
                           &SweepOptions::trials, {1, kMaxTrials}),
      option<SweepOptions>(
          {.name = "halving",
           .help = "give the epochs to the best: keep 1/N of the settings after each rung"},
          &SweepOptions::halving, {2, 100}),
      option<SweepOptions>(
          {.name = "jobs", .help = "trials side by side (default: the cores this process may use)"},
          &SweepOptions::jobs, {1, 1024}),
      option<SweepOptions>(
          {.name = "final",
           .help = "then train the best setting on all training images and test it"},
          &SweepOptions::final),
      option<SweepOptions>({.name = "plan", .help = "print what would run, and exit"},
                           &SweepOptions::plan_only),
  };
  return kTable;
}

constexpr const char* kFooter =
    "\nThe options of a run are those of every trial. --config FILE reads them from a\n"
    "file, too. --resume goes on with the sweep in --output: add it to the command\n"
    "that began it.";

/// The settings that all trials share, with the machine's and the directory resolved.
Config base_config(const Invocation& invocation) {
  Config config = invocation.config;
  config.max_time.reset();  // from a configuration file: no trial may depend on the clock
  if (invocation.resume && !invocation.resume->empty()) config.output = *invocation.resume;
  if (!config.output) config.output = default_output("sweep-");
  return config;
}

int print_plan(const Plan& plan, bool json) {
  if (json) {
    print_json(plan_event(plan));
  } else {
    for (const std::string& line : plan_lines(plan, plan.settings.size())) print(line + "\n");
  }
  return 0;
}

SweepSetup make_setup(const fs::path& directory, const Dataset& dataset, const Machine& machine) {
  return {.directory = directory,
          .dataset = &dataset,
          .provenance = provenance_of(machine, dataset),
          .make_engine =
              [&machine](const Config& trial, const TrainState& state) {
                return make_engine(machine, trial, state);
              },
          .first_parameters = initial_parameters,
          .stop = [] { return stop_signal() != 0; },
          .warn = log_warning};
}

/// Makes sure that the directory's sweep.json is of this sweep, and warns where its program was not
/// this one.
void claim_sweep(const fs::path& directory, const nlohmann::ordered_json& document) {
  const fs::path file = directory / kSweepFile;
  if (holds_sweep(directory))
    return warn_of_other_versions(check_same_sweep(file, document), "sweep");
  write_file_atomically(file, document.dump(2) + "\n");
}

/// The command that trains the setting of `best` alone on all training images, and tests it.
std::string retrain_command(const Plan& plan, const SettingSummary& best) {
  const Config defaults;
  const Config config =
      trial_config(plan, {Stage::kFinal, best.setting, plan.seeds.front(), best.epochs});
  std::string command = "fmnist-train";
  for (const Option& option : options()) {
    const std::string value = option.text(config);
    const bool matters = option.changes_result || option.name == "data-dir" ||
                         option.name == "engine" || option.name == "device";
    if (!matters) continue;
    if (value == option.text(defaults) && (!varies(plan, option) || option.is_flag())) continue;
    command += fmt::format(" --{}", option.name);
    if (!option.is_flag()) command += " " + shell_quoted(value);
  }
  return command;
}

/// The command line of `invocation` as one that goes on with the sweep in `directory`.
std::string resume_command(const Invocation& invocation, const fs::path& directory) {
  std::string command = "fmnist-train";
  for (const std::string& argument : invocation.arguments)
    if (argument != "--overwrite") command += " " + shell_quoted(argument);
  if (invocation.resume) return command;
  if (!invocation.config.output) command += " --output " + shell_quoted(directory.string());
  return command + " --resume";
}

std::string progress(const Plan& plan, std::span<const TrialRecord> journal) {
  return fmt::format("{}/{}", done_count(journal), plan.trial_count());
}

/// Tells people and programs of a record, the last of `journal`.
void tell(const Plan& plan, std::span<const TrialRecord> journal, bool json) {
  const TrialRecord& record = journal.back();
  const std::string place =
      record.trial.stage == Stage::kFinal ? "" : fmt::format("[{}] ", progress(plan, journal));
  log_info(place + trial_line(plan, record));
  if (json) print_json(trial_event(plan, record));
}

int interrupted(const Invocation& invocation, const Plan& plan,
                std::span<const TrialRecord> journal) {
  const Config& config = plan.base;
  log_info(fmt::format("stopped by {} with {} trials done; go on with: {}", stop_signal_name(),
                       progress(plan, journal), resume_command(invocation, *config.output)));
  if (config.json) {
    nlohmann::ordered_json result = event("result");
    result.update(
        {{"status", "interrupted"}, {"done", done_count(journal)}, {"trials", plan.trial_count()}});
    print_json(result);
  }
  return stopped_status();
}

/// Writes the result of a sweep that is over and prints it. Returns the exit status.
int finish(const Plan& plan, std::span<const TrialRecord> journal,
           nlohmann::ordered_json document) {
  const Config& config = plan.base;
  const fs::path& directory = *config.output;
  const auto ranking = ranking_of(journal);
  const SettingSummary* best = winner(ranking);
  std::vector<TrialRecord> finals;
  if (best != nullptr && plan.final) finals = finals_of(journal, best->setting);
  const std::string retrain = best == nullptr ? "" : retrain_command(plan, *best);
  const auto result = sweep_result_event(plan, ranking, finals, retrain);
  document.update(result);
  write_file_atomically(directory / kTrialsFile, trials_csv(plan, ranking));
  write_file_atomically(directory / kSweepFile, document.dump(2) + "\n");
  std::error_code ignored;  // empty by now, or states of trials that are not of this plan
  fs::remove_all(directory / kStatesFolder, ignored);

  if (config.json) {
    print_json(result);
  } else {
    print(ranking_table(plan, ranking));
    if (!finals.empty()) {
      print(fmt::format("\nthe best setting, trained on all training images (models in {}):\n{}",
                        (directory / kModelsFolder).string(), finals_table(finals)));
    }
    if (best != nullptr)
      print(fmt::format("\ntrain the best on all training images: {}\n", retrain));
  }
  if (!config.quiet) report_after_sweep(directory);
  if (std::ranges::count(journal, TrialStatus::kFailed, &TrialRecord::status) > 0) {
    throw Error(ErrorKind::kRuntime,
                fmt::format("some trials failed twice: the table and {} say which",
                            (directory / kJournalFile).string()),
                "the same command with --resume tries them again");
  }
  if (plan.final && best == nullptr) {
    throw Error(ErrorKind::kDiverged, "every setting diverged with some seed: none to train last",
                "try smaller values of lr");
  }
  return 0;
}

int run_sweep(const Invocation& invocation) {
  const auto options = own_options(table(), invocation);
  const Config config = base_config(invocation);
  const Plan plan = make_plan(options, config);
  if (options.plan_only) return print_plan(plan, config.json);
  const bool resumes = invocation.resume.has_value();
  if (!resumes && !config.overwrite) refuse_existing(*config.output, kOutput);
  install_signal_handlers();

  const Dataset dataset = load_dataset(config.data_dir);
  // Refuses a --val-split that leaves nothing to train on, before a trial does.
  partition(dataset.train.labels, config.val_split, 0, config.seed);
  const Machine machine = choose_machine(config);
  SweepSetup setup = make_setup(*config.output, dataset, machine);
  const int cores = machine.device.used == "cpu" ? available_cpus() : 1;
  const int jobs = options.jobs.value_or(std::max(1, cores / machine.threads));
  const OutputDirectory directory(*config.output,
                                  resumes            ? Claim::kResume
                                  : config.overwrite ? Claim::kOverwrite
                                                     : Claim::kNew,
                                  kOutput);
  const auto document = sweep_document(plan, setup.provenance);
  claim_sweep(directory.path(), document);
  log_data(dataset);
  log_machine(machine);
  for (const std::string& line : plan_lines(plan, kSettingsLogged)) log_info(line);
  log_info(fmt::format("training {} side by side, into {}", jobs, directory.path().string()));
  if (config.json) print_json(plan_event(plan));

  auto journal = load_journal(directory.path(), plan);
  if (done_count(journal) > 0)
    log_info(fmt::format("{} trials are already done", progress(plan, journal)));
  std::optional<SweepBar> bar;
  if (progress_style(config) == ProgressStyle::kBar) setup.observer = &bar.emplace(plan, journal);
  const bool over = run_missing(plan, setup, jobs, journal, [&](const TrialRecord&) {
    if (bar) bar->update(journal);
    tell(plan, journal, config.json);
  });
  bar.reset();
  return over ? finish(plan, journal, document) : interrupted(invocation, plan, journal);
}

}  // namespace

Command sweep_command() {
  return {.id = kSweep,
          .name = "sweep",
          .help = "many runs: option values x seeds, compared",
          .own = infos(table()),
          .notes = {{.name = "output",
                     .help = "the sweep's directory (default: runs/sweep-<UTC date-time>)"},
                    {.name = "overwrite", .help = "replace the sweep that --output holds"},
                    {.name = "val-split",
                     .help = "training images that each trial holds out, by which they are "
                             "compared; not 0",
                     .default_text = "5000"},
                    {.name = "threads", .help = "CPU threads of each trial", .default_text = "1"}},
          .footer = kFooter,
          .takes_general = true,
          .run = run_sweep};
}

}  // namespace fmnist
