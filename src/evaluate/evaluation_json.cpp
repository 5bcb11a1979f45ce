#include "fmnist/evaluate/evaluation_json.h"

#include "fmnist/run/results.h"

namespace fmnist {
namespace {

using nlohmann::ordered_json;

ordered_json classes_to_json(const Evaluation& evaluation) {
  ordered_json list = ordered_json::array();
  for (std::size_t label = 0; label < kClassCount; ++label) {
    const ClassScores& scores = evaluation.classes[label];
    list.push_back({{"class", label},
                    {"name", kClassNames[label]},
                    {"support", scores.support},
                    {"predicted", scores.predicted},
                    {"correct", scores.correct},
                    {"precision", scores.precision},
                    {"recall", scores.recall},
                    {"f1", scores.f1}});
  }
  return list;
}

ordered_json confused_to_json(const Evaluation& evaluation) {
  ordered_json list = ordered_json::array();
  for (const auto& [label, predicted] : evaluation.confused) {
    list.push_back({{"label", label},
                    {"label_name", kClassNames[label]},
                    {"predicted", predicted},
                    {"predicted_name", kClassNames[predicted]},
                    {"count", evaluation.confusion[label][predicted]}});
  }
  return list;
}

ordered_json calibration_to_json(const Evaluation& evaluation) {
  ordered_json bins = ordered_json::array();
  for (std::size_t b = 0; b < kReliabilityBins; ++b) {
    const ReliabilityBin& bin = evaluation.reliability[b];
    bins.push_back({{"above", static_cast<double>(b) / kReliabilityBins},
                    {"up_to", static_cast<double>(b + 1) / kReliabilityBins},
                    {"count", bin.count},
                    {"confidence", bin.confidence},
                    {"accuracy", bin.accuracy}});
  }
  return {{"ece", evaluation.ece}, {"bins", bins}};
}

ordered_json mistakes_to_json(const Evaluation& evaluation) {
  ordered_json list = ordered_json::array();
  for (const Mistake& mistake : evaluation.mistakes) {
    list.push_back({{"index", mistake.index},
                    {"label", mistake.label},
                    {"predicted", mistake.predicted},
                    {"confidence", mistake.confidence},
                    {"probabilities", mistake.probabilities}});
  }
  return list;
}

}  // namespace

ordered_json to_json(const Evaluation& evaluation) {
  return {{"images", evaluation.count},
          {"correct", evaluation.correct},
          {"loss", evaluation.metrics.loss},
          {"accuracy", evaluation.metrics.accuracy},
          {"accuracy_interval", evaluation.accuracy_interval},
          {"top3_accuracy", evaluation.top3_accuracy},
          {"macro",
           {{"precision", evaluation.macro_precision},
            {"recall", evaluation.macro_recall},
            {"f1", evaluation.macro_f1}}},
          {"classes", classes_to_json(evaluation)},
          {"confusion", evaluation.confusion},
          {"confused", confused_to_json(evaluation)},
          {"calibration", calibration_to_json(evaluation)},
          {"misclassified", mistakes_to_json(evaluation)}};
}

ordered_json to_json(const ShiftGrid& grid) {
  ordered_json rows = ordered_json::array();
  for (int dy = -grid.reach; dy <= grid.reach; ++dy) {
    ordered_json row = ordered_json::array();
    for (int dx = -grid.reach; dx <= grid.reach; ++dx) row.push_back(grid.at(dx, dy));
    rows.push_back(std::move(row));
  }
  return {{"reach", grid.reach}, {"accuracy", std::move(rows)}};
}

ordered_json evaluation_event(const TrainedModel& model, SplitName split,
                              const Provenance& provenance, const Evaluation& evaluation,
                              const std::optional<ShiftGrid>& shifts) {
  ordered_json json = event("evaluation");
  json["checkpoint"] = model.file.string();
  json["epoch"] = model.epoch ? ordered_json(*model.epoch) : ordered_json();
  json["weights_sha256"] = fingerprint(model.parameters);
  json["split"] = to_string(split);
  json.update(to_json(provenance));
  json.update(to_json(evaluation));
  if (shifts) json["shifts"] = to_json(*shifts);
  return json;
}

}  // namespace fmnist
