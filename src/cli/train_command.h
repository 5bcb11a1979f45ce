#pragma once

#include "fmnist/core/config.h"

namespace fmnist {

/// Trains as `config` says and returns the exit status (0, 7, 130 or 143). Throws `Error`.
int run_training(Config config);

}  // namespace fmnist
