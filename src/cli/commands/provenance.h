#pragma once

#include "fmnist/data/dataset.h"
#include "fmnist/engine/select/select.h"
#include "fmnist/run/results.h"

namespace fmnist {

/// Logs where the data comes from and what will run where, with warnings of either.
void log_provenance(const Dataset& dataset, const Machine& machine);

/// What a run by this program is told by, besides its figures: not resumed.
RunFacts run_facts(const Config& config, const Machine& machine, const Dataset& dataset);

}  // namespace fmnist
