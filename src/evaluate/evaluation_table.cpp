#include "fmnist/evaluate/evaluation_table.h"

#include <fmt/format.h>

#include <algorithm>

namespace fmnist {
namespace {

constexpr std::size_t kPairsShown = 5;
constexpr std::size_t kMistakesShown = 10;
constexpr double kShownAsAll = 0.9995;  // "100.0" would need a wider column

std::string metric_rows(const Evaluation& evaluation) {
  return fmt::format(
      "{} images, loss {:.4f}\n"
      "accuracy        {:6.2f}%  (95% interval {:.2f}% to {:.2f}%)\n"
      "in the top 3    {:6.2f}%\n"
      "calibration     {:6.2f}%  (expected calibration error, {} bins)\n",
      evaluation.count, evaluation.metrics.loss, 100.0 * evaluation.metrics.accuracy,
      100.0 * evaluation.accuracy_interval.first, 100.0 * evaluation.accuracy_interval.second,
      100.0 * evaluation.top3_accuracy, 100.0 * evaluation.ece, kReliabilityBins);
}

std::string class_rows(const Evaluation& evaluation) {
  std::string rows = "\nclass          precision   recall       F1   images\n";
  for (std::size_t label = 0; label < kClassCount; ++label) {
    const ClassScores& scores = evaluation.classes[label];
    rows += fmt::format("{} {:<12} {:9.2f}% {:7.2f}% {:7.2f}% {:8}\n", label, kClassNames[label],
                        100.0 * scores.precision, 100.0 * scores.recall, 100.0 * scores.f1,
                        scores.support);
  }
  return rows + fmt::format("  {:<12} {:9.2f}% {:7.2f}% {:7.2f}%\n", "mean",
                            100.0 * evaluation.macro_precision, 100.0 * evaluation.macro_recall,
                            100.0 * evaluation.macro_f1);
}

std::string confusion_rows(const Evaluation& evaluation) {
  std::string rows = "\ntaken for     ";
  for (std::size_t predicted = 0; predicted < kClassCount; ++predicted)
    rows += fmt::format(" {:5}", predicted);
  rows += "\n";
  for (std::size_t label = 0; label < kClassCount; ++label) {
    rows += fmt::format("{} {:<12}", label, kClassNames[label]);
    for (const std::uint64_t count : evaluation.confusion[label])
      rows += fmt::format(" {:5}", count);
    rows += "\n";
  }
  return rows;
}

std::string confused_rows(const Evaluation& evaluation) {
  if (evaluation.confused.empty()) return {};
  std::string rows = "\nmost confused\n";
  for (std::size_t i = 0; i < std::min(kPairsShown, evaluation.confused.size()); ++i) {
    const auto [label, predicted] = evaluation.confused[i];
    const std::uint64_t count = evaluation.confusion[label][predicted];
    const std::uint64_t support = evaluation.classes[label].support;
    rows += fmt::format("{:5} of {} {} taken for {} ({:.1f}%)\n", count, support,
                        kClassNames[label], kClassNames[predicted],
                        100.0 * static_cast<double>(count) / static_cast<double>(support));
  }
  return rows;
}

std::string mistake_rows(const Evaluation& evaluation) {
  if (evaluation.mistakes.empty()) return {};
  const std::size_t shown = std::min(kMistakesShown, evaluation.mistakes.size());
  std::string rows =
      fmt::format("\nmost confident mistakes ({} of {})\n  image  is a          taken for\n", shown,
                  evaluation.mistakes.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const Mistake& mistake = evaluation.mistakes[i];
    rows += fmt::format("{:7}  {:<12}  {:<12} {:6.2f}%  (right one {:.2f}%)\n", mistake.index,
                        kClassNames[mistake.label], kClassNames[mistake.predicted],
                        100.0 * mistake.confidence, 100.0 * mistake.probabilities[mistake.label]);
  }
  return rows;
}

}  // namespace

std::string evaluation_table(const Evaluation& evaluation) {
  return metric_rows(evaluation) + class_rows(evaluation) + confusion_rows(evaluation) +
         confused_rows(evaluation) + mistake_rows(evaluation);
}

std::string shifts_table(const ShiftGrid& grid) {
  std::string table =
      "accuracy in % when images move right (columns) and down (rows) by pixels\n    ";
  for (int dx = -grid.reach; dx <= grid.reach; ++dx) table += fmt::format(" {:+4}", dx);
  table += "\n";
  for (int dy = -grid.reach; dy <= grid.reach; ++dy) {
    table += fmt::format("{:+4}", dy);
    for (int dx = -grid.reach; dx <= grid.reach; ++dx)
      table += grid.at(dx, dy) >= kShownAsAll ? "  100"
                                              : fmt::format(" {:4.1f}", 100.0 * grid.at(dx, dy));
    table += "\n";
  }
  return table;
}

}  // namespace fmnist
