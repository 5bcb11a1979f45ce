#include "fmnist/evaluate/evaluation_csv.h"

#include <fmt/format.h>

#include "fmnist/core/text.h"

namespace fmnist {

std::string confusion_csv(const Evaluation& evaluation) {
  std::string csv = fmt::format("label,{}\n", fmt::join(kClassNames, ","));
  for (std::size_t label = 0; label < kClassCount; ++label) {
    csv += fmt::format("{},{}\n", kClassNames[label], fmt::join(evaluation.confusion[label], ","));
  }
  return csv;
}

std::string classes_csv(const Evaluation& evaluation) {
  std::string csv = "class,name,support,predicted,correct,precision,recall,f1\n";
  for (std::size_t label = 0; label < kClassCount; ++label) {
    const ClassScores& scores = evaluation.classes[label];
    csv += fmt::format("{},{},{},{},{},{},{},{}\n", label, kClassNames[label], scores.support,
                       scores.predicted, scores.correct, json_text(scores.precision),
                       json_text(scores.recall), json_text(scores.f1));
  }
  return csv;
}

std::string misclassified_csv(const Evaluation& evaluation) {
  std::string csv =
      fmt::format("index,label,predicted,confidence,{}\n", fmt::join(kClassNames, ","));
  for (const Mistake& mistake : evaluation.mistakes) {
    csv += fmt::format("{},{},{},{}", mistake.index, kClassNames[mistake.label],
                       kClassNames[mistake.predicted], json_text(mistake.confidence));
    for (const double probability : mistake.probabilities)
      csv += fmt::format(",{}", json_text(probability));
    csv += "\n";
  }
  return csv;
}

std::string reliability_csv(const Evaluation& evaluation) {
  std::string csv = "above,up_to,count,confidence,accuracy\n";
  for (std::size_t b = 0; b < kReliabilityBins; ++b) {
    const ReliabilityBin& bin = evaluation.reliability[b];
    csv += fmt::format("{},{},{},{},{}\n", json_text(static_cast<double>(b) / kReliabilityBins),
                       json_text(static_cast<double>(b + 1) / kReliabilityBins), bin.count,
                       json_text(bin.confidence), json_text(bin.accuracy));
  }
  return csv;
}

std::string shifts_csv(const ShiftGrid& grid) {
  std::string csv = "dx,dy,accuracy\n";
  for (int dy = -grid.reach; dy <= grid.reach; ++dy) {
    for (int dx = -grid.reach; dx <= grid.reach; ++dx)
      csv += fmt::format("{},{},{}\n", dx, dy, json_text(grid.at(dx, dy)));
  }
  return csv;
}

}  // namespace fmnist
