#pragma once

#include <filesystem>
#include <optional>

#include "fmnist/core/config.h"
#include "fmnist/data/dataset.h"
#include "fmnist/engine/select/select.h"

namespace fmnist {

/// What `fmnist-train report` takes besides data, machine and output options.
struct ReportOptions {
  std::filesystem::path run;       // the directory of a run or a sweep
  std::optional<int> shifts = {};  // of a run, 0 to kMaxShiftReach; 0: no shift grid
};

/// The shift grid that a report has unless told otherwise.
inline constexpr int kReportShifts = 4;

/// Writes the report of the run or sweep to `config.output` (standard output when that is "-"), or
/// else into its directory. Returns the exit status. Throws `Error`.
int run_report(const ReportOptions& options, const Config& config);

/// Writes the report of a run that has just ended into its directory, without the shift grid;
/// on the machine and with the data of the run. A report that cannot be written is a warning.
void report_after_run(const std::filesystem::path& run, const Dataset& dataset,
                      const Machine& machine);

/// Writes the report of a sweep that has just ended into its directory, likewise.
void report_after_sweep(const std::filesystem::path& directory);

}  // namespace fmnist
