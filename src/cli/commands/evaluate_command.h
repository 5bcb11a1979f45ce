#pragma once

#include <filesystem>
#include <optional>

#include "fmnist/core/config.h"
#include "fmnist/evaluate/trained_model.h"

namespace fmnist {

/// What `fmnist-train evaluate` takes besides data, machine and output options.
struct EvaluateOptions {
  std::filesystem::path checkpoint;  // a file or a run directory
  SplitName split = SplitName::kTest;
  std::optional<int> shifts;  // 1 to kMaxShiftReach
};

/// Evaluates the checkpoint, prints the figures and writes them to `config.output`, if any. Returns
/// the exit status. Throws `Error`.
int run_evaluate(const EvaluateOptions& options, const Config& config);

}  // namespace fmnist
