#pragma once

#include "fmnist/data/dataset.h"
#include "fmnist/engine/select/select.h"
#include "fmnist/run/provenance.h"

namespace fmnist {

/// Logs where the data comes from, and its warnings.
void log_data(const Dataset& dataset);

/// Logs what will compute where, and a warning where that is not the device asked for.
void log_machine(const Machine& machine);

/// What the results of this program on `machine` and `dataset` depend on.
Provenance provenance_of(const Machine& machine, const Dataset& dataset);

}  // namespace fmnist
