#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "fmnist/engine/engine.h"
#include "fmnist/evaluate/evaluation.h"
#include "fmnist/evaluate/shifts.h"
#include "fmnist/evaluate/trained_model.h"

namespace fmnist {

/// Of what network, on what images, an evaluation is.
struct EvaluationFacts {
  std::filesystem::path checkpoint;
  std::optional<std::uint64_t> epoch;  // of the checkpoint, where it says
  std::string weights_sha256;
  SplitName split = SplitName::kTest;
  EngineInfo engine;
  std::filesystem::path data_directory;
  std::string data_sha256;
  bool data_verified = false;
};

/// All of `evaluation` as an object; shares are fractions.
nlohmann::ordered_json to_json(const Evaluation& evaluation);

/// `{"reach", "accuracy": [[…]]}`, rows by dy, columns by dx, both from -reach.
nlohmann::ordered_json to_json(const ShiftGrid& grid);

/// The `evaluation` event, schema "fmnist-train/1": facts, evaluation, and `shifts` where there
/// are.
nlohmann::ordered_json evaluation_event(const EvaluationFacts& facts, const Evaluation& evaluation,
                                        const std::optional<ShiftGrid>& shifts);

}  // namespace fmnist
