#include "cli/commands/resume.h"

#include <algorithm>

#include "cli/terminal/log.h"
#include "fmnist/core/error.h"
#include "fmnist/core/options.h"
#include "fmnist/engine/torch/torch_engine.h"

namespace fmnist {
namespace {

std::string padded(const std::string& text, std::size_t width) {
  return text + std::string(width - std::min(width, text.size()), ' ');
}

/// Three columns besides the option's name; what is used is what was saved.
void log_conflicts(const std::vector<SettingConflict>& conflicts) {
  constexpr std::size_t kName = 18;
  constexpr std::size_t kValue = 14;
  const auto line = [](const std::string& name, const std::string& saved, const std::string& given,
                       const std::string& used) {
    log_error(padded(name, kName) + padded(saved, kValue) + padded(given, kValue) + used);
  };
  line("setting", "saved", "given", "used");
  for (const SettingConflict& conflict : conflicts)
    line(conflict.option, conflict.saved, conflict.given, conflict.saved);
}

/// The machine's part in the result's bits, resolved: compared after it was chosen.
void compare_machine(const SavedRun& saved, const Machine& machine,
                     std::vector<SettingConflict>& conflicts) {
  const std::string engine = engine_name(machine);
  const auto compare = [&](const char* option, const std::string& before, const std::string& now) {
    if (before != now) conflicts.push_back({option, before, now});
  };
  compare("engine", saved.engine, engine);
  compare("device", saved.device, machine.device.used);
  if (engine == "torch") {
    compare("threads", find_option("threads")->text(saved.config), std::to_string(machine.threads));
  }
}

void warn_of_other_versions(const SavedRun& saved) {
  if (saved.program_version != FMNIST_VERSION || saved.libtorch_version != libtorch_version()) {
    log_warning("the saved run is of fmnist-train " + saved.program_version + " with LibTorch " +
                saved.libtorch_version +
                ": going on with other versions may not give the bits of a run that was never "
                "stopped");
  }
}

void warn_of_lost_metrics(const SavedRun& saved) {
  if (saved.metrics_complete) return;
  const auto metrics = saved.file.parent_path() / kMetricsFile;
  log_warning("'" + metrics.string() + "' is missing or lacks some of the " +
              std::to_string(saved.position.epochs) +
              " finished epochs: the resumed run is exact, but its " + kMetricsFile +
              " will lack them, too");
}

}  // namespace

Start plan_start(const Invocation& invocation) {
  Start start;
  start.config = invocation.config;
  if (!invocation.resume) {
    if (start.config.overwrite) start.claim = Claim::kOverwrite;
    return start;
  }
  const bool named = !invocation.resume->empty();
  start.saved = load_saved_run(named ? *invocation.resume : *invocation.config.output);
  start.config = resume_config(*start.saved, invocation.config, invocation.given, start.conflicts);
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

void check_settings(const SavedRun& saved, const Start& start, const Machine& machine) {
  std::vector<SettingConflict> conflicts = start.conflicts;
  compare_machine(saved, machine, conflicts);
  if (!conflicts.empty()) {
    log_conflicts(conflicts);
    throw Error(ErrorKind::kCheckpoint,
                "cannot resume from '" + saved.file.string() + "' with other settings (" +
                    std::to_string(conflicts.size()) + ", see the table)",
                "leave them out to go on as saved, or start a new run in another --output");
  }
  warn_of_other_versions(saved);
  warn_of_lost_metrics(saved);
}

void check_data(const SavedRun& saved, const Dataset& dataset) {
  if (dataset.sha256 != saved.data_sha256) {
    throw Error(ErrorKind::kCheckpoint,
                "cannot resume from '" + saved.file.string() +
                    "': it was trained on data of SHA-256 " + saved.data_sha256 + ", found " +
                    dataset.sha256 + " in '" + dataset.directory.string() + "'",
                "give --data-dir of the same data");
  }
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
