#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/arguments/command_line.h"
#include "fmnist/data/dataset.h"
#include "fmnist/engine/select/select.h"
#include "fmnist/run/checkpoint.h"
#include "fmnist/run/resume.h"
#include "fmnist/run/run_directory.h"

namespace fmnist {

/// Where a run begins: at the start, or where a saved one stopped.
struct Start {
  Config config;
  Claim claim = Claim::kNew;
  RunPosition position;
  std::optional<SavedRun> saved;
  std::vector<SettingConflict> conflicts;
};

/// Reads the saved run that the command line names, if any. Throws `Error` (kCheckpoint).
Start plan_start(const Invocation& invocation);

/// Throws `Error` (kCheckpoint), after a table in the log, when the run would not go on as the
/// saved one: other settings, engine, device, or (torch engine) number of threads. Warns of what
/// else is not as it was.
void check_settings(const SavedRun& saved, const Start& start, const Machine& machine);

/// Throws `Error` (kCheckpoint) when the saved run was trained on other data.
void check_data(const SavedRun& saved, const Dataset& dataset);

/// `text` as one word of a shell command.
std::string shell_quoted(const std::string& text);

}  // namespace fmnist
