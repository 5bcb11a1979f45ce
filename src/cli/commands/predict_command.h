#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "fmnist/core/config.h"
#include "fmnist/image/fit.h"

namespace fmnist {

/// What `fmnist-train predict` takes besides machine and output options.
struct PredictOptions {
  std::filesystem::path checkpoint;  // a file or a run directory
  std::vector<std::string> images;   // names of files; "-": names from standard input, one a line
  Inversion invert = Inversion::kAuto;
  int top_k = 3;  // 1 to 10
};

/// Classifies each picture and prints a line for it. A file that cannot be read is reported and the
/// rest goes on; the exit status is then 1, else 0. Throws `Error` for what concerns all pictures:
/// the checkpoint, the machine, standard output.
int run_predict(const PredictOptions& options, const Config& config);

}  // namespace fmnist
