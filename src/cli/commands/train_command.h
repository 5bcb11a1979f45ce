#pragma once

#include "cli/arguments/command_line.h"

namespace fmnist {

/// Trains as the command line says and returns the exit status (0, 7, 130 or 143). Throws `Error`.
int run_training(const Invocation& invocation);

}  // namespace fmnist
