#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "fmnist/evaluate/evaluation.h"
#include "fmnist/evaluate/select_split.h"
#include "fmnist/evaluate/shifts.h"

namespace fmnist {

/// All of `evaluation` as an object; shares are fractions.
nlohmann::ordered_json to_json(const Evaluation& evaluation);

/// `{"reach", "accuracy": [[…]]}`, rows by dy, columns by dx, both from -reach.
nlohmann::ordered_json to_json(const ShiftGrid& grid);

/// The `evaluation` event: of which network, on what images with which engine, the evaluation, and
/// `shifts` where there are.
nlohmann::ordered_json evaluation_event(const TrainedModel& model, SplitName split,
                                        const Provenance& provenance, const Evaluation& evaluation,
                                        const std::optional<ShiftGrid>& shifts);

}  // namespace fmnist
