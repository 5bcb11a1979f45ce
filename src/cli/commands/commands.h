#pragma once

#include <vector>

#include "cli/arguments/command.h"

namespace fmnist {

// A row of the table for each command; what it does stands in its own file.
Command train_command();
Command evaluate_command();
Command predict_command();
Command report_command();
Command sweep_command();
Command verify_resume_command();

/// All commands of the program, training first.
const std::vector<Command>& commands();

}  // namespace fmnist
