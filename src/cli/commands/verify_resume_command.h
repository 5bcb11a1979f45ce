#pragma once

#include "cli/arguments/command_line.h"

namespace fmnist {

/// Trains a run of the command line's settings twice, once undisturbed and once stopped at random
/// steps and resumed from its state file, and compares weights and figures of every epoch. Returns
/// 0 when all are equal, 1 when not. Throws `Error`.
int run_verify_resume(const Invocation& invocation);

}  // namespace fmnist
