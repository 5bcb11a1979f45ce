#pragma once

#include <optional>

#include "fmnist/core/config.h"
#include "fmnist/sweep/plan.h"

namespace fmnist {

struct Invocation;

/// What `fmnist-train sweep` takes besides training options.
struct SweepOptions {
  PlanRequest request;
  std::optional<int> jobs;  // the cores this process may use when not given
  bool final = false;       // retrain the best setting on all training images and test it
  bool plan_only = false;
};

/// Runs a sweep, or goes on with one, and prints what came of it. Returns the exit status. Throws
/// `Error`.
int run_sweep(const Invocation& invocation);

}  // namespace fmnist
