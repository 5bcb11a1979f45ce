#include "cli/commands/resume.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/terminal/log.h"
#include "fmnist/core/error.h"
#include "fmnist/engine/torch/torch_engine.h"

namespace fmnist {
namespace {

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

void warn_of_other_versions(const SavedRun& saved) {
  const Provenance& before = saved.provenance;
  if (before.program_version != FMNIST_VERSION || before.libtorch_version != libtorch_version()) {
    log_warning(
        fmt::format("the saved run is of fmnist-train {} with LibTorch {}: going on with other "
                    "versions may not give the bits of a run that was never stopped",
                    before.program_version, before.libtorch_version));
  }
}

void warn_of_lost_metrics(const SavedRun& saved) {
  if (saved.metrics_complete) return;
  const auto metrics = saved.file.parent_path() / kMetricsFile;
  log_warning(
      fmt::format("'{}' is missing or lacks some of the {} finished epochs: the resumed run is "
                  "exact, but its {} will lack them, too",
                  metrics.string(), saved.position.epochs, kMetricsFile));
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
  warn_of_other_versions(saved);
  warn_of_lost_metrics(saved);
}

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
