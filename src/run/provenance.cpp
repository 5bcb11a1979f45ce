#include "fmnist/run/provenance.h"

#include <nlohmann/json.hpp>

namespace fmnist {

using nlohmann::ordered_json;

ordered_json to_json(const Provenance& provenance) {
  const DataInfo& data = provenance.data;
  return {
      {"version", provenance.program_version},
      {"libtorch_version", provenance.libtorch_version},
      {"engine", to_json(provenance.engine)},
      {"data",
       {{"dir", data.directory.string()}, {"sha256", data.sha256}, {"verified", data.verified}}}};
}

Provenance provenance_from_json(const nlohmann::json& json) {
  const nlohmann::json& data = json.at("data");
  return {.program_version = json.at("version"),
          .libtorch_version = json.at("libtorch_version"),
          .engine = engine_from_json(json.at("engine")),
          .data = {.directory = data.value("dir", ""),
                   .sha256 = data.at("sha256"),
                   .verified = data.at("verified")}};
}

}  // namespace fmnist
