#pragma once

#include "fmnist/data/dataset.h"
#include "fmnist/engine/select/select.h"
#include "fmnist/run/provenance.h"

namespace fmnist {

/// Logs where the data comes from and what will run where, with warnings of either.
void log_provenance(const Dataset& dataset, const Machine& machine);

/// What the results of this program on `machine` and `dataset` depend on.
Provenance provenance_of(const Machine& machine, const Dataset& dataset);

}  // namespace fmnist
