#include "fmnist/evaluate/evaluation_csv.h"

#include <nlohmann/json.hpp>

namespace fmnist {
namespace {

/// The shortest text of a number that reads back as the same one.
std::string text(double value) { return nlohmann::json(value).dump(); }

/// The class names, each after a comma.
std::string class_columns() {
  std::string columns;
  for (const std::string_view name : kClassNames) columns += "," + std::string(name);
  return columns;
}

}  // namespace

std::string confusion_csv(const Evaluation& evaluation) {
  std::string csv = "label" + class_columns() + "\n";
  for (std::size_t label = 0; label < kClassCount; ++label) {
    csv += kClassNames[label];
    for (const std::uint64_t count : evaluation.confusion[label])
      csv += "," + std::to_string(count);
    csv += "\n";
  }
  return csv;
}

std::string classes_csv(const Evaluation& evaluation) {
  std::string csv = "class,name,support,predicted,correct,precision,recall,f1\n";
  for (std::size_t label = 0; label < kClassCount; ++label) {
    const ClassScores& scores = evaluation.classes[label];
    csv += std::to_string(label) + "," + std::string(kClassNames[label]);
    for (const std::uint64_t count : {scores.support, scores.predicted, scores.correct})
      csv += "," + std::to_string(count);
    for (const double score : {scores.precision, scores.recall, scores.f1})
      csv += "," + text(score);
    csv += "\n";
  }
  return csv;
}

std::string misclassified_csv(const Evaluation& evaluation) {
  std::string csv = "index,label,predicted,confidence" + class_columns() + "\n";
  for (const Mistake& mistake : evaluation.mistakes) {
    csv += std::to_string(mistake.index) + "," + std::string(kClassNames[mistake.label]) + "," +
           std::string(kClassNames[mistake.predicted]) + "," + text(mistake.confidence);
    for (const double probability : mistake.probabilities) csv += "," + text(probability);
    csv += "\n";
  }
  return csv;
}

std::string reliability_csv(const Evaluation& evaluation) {
  std::string csv = "above,up_to,count,confidence,accuracy\n";
  for (std::size_t b = 0; b < kReliabilityBins; ++b) {
    const ReliabilityBin& bin = evaluation.reliability[b];
    csv += text(static_cast<double>(b) / kReliabilityBins) + "," +
           text(static_cast<double>(b + 1) / kReliabilityBins) + "," + std::to_string(bin.count) +
           "," + text(bin.confidence) + "," + text(bin.accuracy) + "\n";
  }
  return csv;
}

std::string shifts_csv(const ShiftGrid& grid) {
  std::string csv = "dx,dy,accuracy\n";
  for (int dy = -grid.reach; dy <= grid.reach; ++dy) {
    for (int dx = -grid.reach; dx <= grid.reach; ++dx)
      csv += std::to_string(dx) + "," + std::to_string(dy) + "," + text(grid.at(dx, dy)) + "\n";
  }
  return csv;
}

}  // namespace fmnist
