#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "fmnist/data/dataset.h"
#include "fmnist/engine/engine.h"

namespace fmnist {

/// What a result depends on besides the settings: programs, engine and data.
struct Provenance {
  std::string program_version;
  std::string libtorch_version;
  EngineInfo engine;
  DataInfo data;

  bool operator==(const Provenance&) const = default;
};

/// {"version", "libtorch_version", "engine", "data": {"dir", "sha256", "verified"}}.
nlohmann::ordered_json to_json(const Provenance& provenance);

/// Reads what `to_json` writes, also among other keys; a sweep of before does not say its data's
/// directory. Throws nlohmann's exceptions and std::invalid_argument.
Provenance provenance_from_json(const nlohmann::json& json);

}  // namespace fmnist
