#pragma once

#include "fmnist/data/dataset.h"
#include "fmnist/engine/select/select.h"

namespace fmnist {

/// Logs where the data comes from and what will run where, with warnings of either.
void log_provenance(const Dataset& dataset, const Machine& machine);

}  // namespace fmnist
