#include "fmnist/engine/engine.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace fmnist {

nlohmann::ordered_json to_json(const EngineInfo& engine) {
  return {{"name", to_string(engine.name)},
          {"device", engine.device},
          {"threads", engine.threads},
          {"isa", engine.isa}};
}

EngineInfo engine_from_json(const nlohmann::json& json) {
  const auto name = from_string<EngineChoice>(json.at("name").get<std::string>());
  if (!name) throw std::invalid_argument("engine");
  return {.name = *name,
          .device = json.value("device", ""),
          .threads = json.value("threads", 0),
          .isa = json.at("isa")};
}

Totals evaluate(Engine& engine, const Split& split) {
  return classification_totals(engine.logits(split.images), split.labels);
}

}  // namespace fmnist
