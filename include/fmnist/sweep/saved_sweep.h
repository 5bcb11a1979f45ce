#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "fmnist/run/provenance.h"
#include "fmnist/sweep/plan.h"
#include "fmnist/sweep/ranking.h"

namespace fmnist {

/// A sweep that has ended, as its sweep.json tells it.
struct SavedSweep {
  std::filesystem::path directory;
  Plan plan;
  std::vector<SettingSummary> ranking;  // best first; never empty
  std::vector<TrialRecord> finals;      // of the final training, a record for each seed, if any
  std::string retrain;                  // the command that trains the best; empty without one
  Provenance provenance;
};

/// Whether `directory` holds a sweep, ended or not.
bool holds_sweep(const std::filesystem::path& directory);

/// Reads the sweep in `directory`. Throws `Error` (kCheckpoint) when it has not ended or cannot be
/// read.
SavedSweep load_sweep(const std::filesystem::path& directory);

}  // namespace fmnist
