#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/commands/evaluate_command.h"
#include "cli/commands/predict_command.h"
#include "cli/commands/report_command.h"
#include "cli/commands/sweep_command.h"
#include "fmnist/core/config.h"

namespace fmnist {

/// What a command line asks for.
struct Invocation {
  enum class Command {
    kTrain,
    kEvaluate,
    kPredict,
    kReport,
    kSweep,
    kVerifyResume,
    kPrintConfig,
    kPrintText,
  };
  Command command = Command::kTrain;
  Config config;                // not of kPrintText: checked, configuration file included
  std::set<std::string> given;  // names of the options that were set, in either place
  // Go on with a saved run: the state in a file or directory, or in --output where it is empty.
  std::optional<std::filesystem::path> resume;
  EvaluateOptions evaluate;            // of kEvaluate
  PredictOptions predict;              // of kPredict
  ReportOptions report;                // of kReport
  SweepOptions sweep;                  // of kSweep
  std::vector<std::string> arguments;  // all of them, as given
  std::string text;                    // of kPrintText: help or version
};

/// Parses arguments and configuration file. `_` counts as `-` in option names. Throws `Error`
/// (kUsage) with a sentence that names the option.
Invocation parse_command_line(int argc, const char* const* argv);

/// The program's name and version with LibTorch's, one line.
std::string version_line();

}  // namespace fmnist
