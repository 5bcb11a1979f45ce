#pragma once

#include <filesystem>

#include "fmnist/data/dataset.h"
#include "fmnist/engine/select/select.h"

namespace fmnist {

/// Writes the report of a run that has just ended into its directory, without the shift grid;
/// on the machine and with the data of the run. A report that cannot be written is a warning.
void report_after_run(const std::filesystem::path& run, const Dataset& dataset,
                      const Machine& machine);

/// Writes the report of a sweep that has just ended into its directory, likewise.
void report_after_sweep(const std::filesystem::path& directory);

}  // namespace fmnist
