#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fmnist/engine/engine.h"

namespace fmnist {

/// What a run's result.json says of it, as far as a report tells it.
struct RunSummary {
  std::string status;  // "finished", "interrupted", "diverged", "max_time"
  std::uint64_t epochs = 0;
  double seconds = 0.0;
  EngineInfo engine;
  std::string program_version;
  std::string libtorch_version;
};

/// Reads the content of a result.json; `name` stands for it in messages. Throws `Error`
/// (kCheckpoint) when it is none.
RunSummary parse_run_summary(std::string_view bytes, const std::string& name);

}  // namespace fmnist
