#include "fmnist/evaluate/evaluation_table.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace fmnist {
namespace {

constexpr std::size_t kPairsShown = 5;
constexpr std::size_t kMistakesShown = 10;
constexpr double kShownAsAll = 0.9995;  // "100.0" would need a wider column

/// A line made as by printf, of at most 127 characters.
template <class... Values>
std::string line(const char* format, const Values&... values) {
  std::array<char, 128> buffer{};
  std::snprintf(buffer.data(), buffer.size(), format, values...);
  return buffer.data();
}

const char* name_of(std::size_t label) { return kClassNames[label].data(); }

std::string figures(const Evaluation& evaluation) {
  return line("%llu images, loss %.4f\n", static_cast<unsigned long long>(evaluation.count),
              evaluation.metrics.loss) +
         line("accuracy        %6.2f%%  (95%% interval %.2f%% to %.2f%%)\n",
              100.0 * evaluation.metrics.accuracy, 100.0 * evaluation.accuracy_interval.low,
              100.0 * evaluation.accuracy_interval.high) +
         line("in the top 3    %6.2f%%\n", 100.0 * evaluation.top3_accuracy) +
         line("calibration     %6.2f%%  (expected calibration error, %zu bins)\n",
              100.0 * evaluation.ece, kReliabilityBins);
}

std::string class_rows(const Evaluation& evaluation) {
  std::string rows = "\nclass          precision   recall       F1   images\n";
  for (std::size_t label = 0; label < kClassCount; ++label) {
    const ClassScores& scores = evaluation.classes[label];
    rows += line("%zu %-12s %9.2f%% %7.2f%% %7.2f%% %8llu\n", label, name_of(label),
                 100.0 * scores.precision, 100.0 * scores.recall, 100.0 * scores.f1,
                 static_cast<unsigned long long>(scores.support));
  }
  return rows + line("  %-12s %9.2f%% %7.2f%% %7.2f%%\n", "mean",
                     100.0 * evaluation.macro_precision, 100.0 * evaluation.macro_recall,
                     100.0 * evaluation.macro_f1);
}

std::string confusion_rows(const Evaluation& evaluation) {
  std::string rows = "\ntaken for     ";
  for (std::size_t predicted = 0; predicted < kClassCount; ++predicted)
    rows += line(" %5zu", predicted);
  rows += "\n";
  for (std::size_t label = 0; label < kClassCount; ++label) {
    rows += line("%zu %-12s", label, name_of(label));
    for (const std::uint64_t count : evaluation.confusion[label])
      rows += line(" %5llu", static_cast<unsigned long long>(count));
    rows += "\n";
  }
  return rows;
}

std::string confused_rows(const Evaluation& evaluation) {
  if (evaluation.confused.empty()) return {};
  std::string rows = "\nmost confused\n";
  for (std::size_t i = 0; i < std::min(kPairsShown, evaluation.confused.size()); ++i) {
    const ConfusedPair& pair = evaluation.confused[i];
    const std::uint64_t support = evaluation.classes[pair.label].support;
    rows += line(
        "%5llu of %llu %s taken for %s (%.1f%%)\n", static_cast<unsigned long long>(pair.count),
        static_cast<unsigned long long>(support), name_of(pair.label), name_of(pair.predicted),
        100.0 * static_cast<double>(pair.count) / static_cast<double>(support));
  }
  return rows;
}

std::string mistake_rows(const Evaluation& evaluation) {
  if (evaluation.mistakes.empty()) return {};
  const std::size_t shown = std::min(kMistakesShown, evaluation.mistakes.size());
  std::string rows =
      line("\nmost confident mistakes (%zu of %zu)\n  image  is a          taken for\n", shown,
           evaluation.mistakes.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const Mistake& mistake = evaluation.mistakes[i];
    rows += line("%7zu  %-12s  %-12s %6.2f%%  (right one %.2f%%)\n", mistake.index,
                 name_of(mistake.label), name_of(mistake.predicted), 100.0 * mistake.confidence,
                 100.0 * mistake.probabilities[mistake.label]);
  }
  return rows;
}

}  // namespace

std::string evaluation_table(const Evaluation& evaluation) {
  return figures(evaluation) + class_rows(evaluation) + confusion_rows(evaluation) +
         confused_rows(evaluation) + mistake_rows(evaluation);
}

std::string shifts_table(const ShiftGrid& grid) {
  std::string table =
      "accuracy in % when images move right (columns) and down (rows) by pixels\n    ";
  for (int dx = -grid.reach; dx <= grid.reach; ++dx) table += line(" %+4d", dx);
  table += "\n";
  for (int dy = -grid.reach; dy <= grid.reach; ++dy) {
    table += line("%+4d", dy);
    for (int dx = -grid.reach; dx <= grid.reach; ++dx)
      table += grid.at(dx, dy) >= kShownAsAll ? "  100" : line(" %4.1f", 100.0 * grid.at(dx, dy));
    table += "\n";
  }
  return table;
}

}  // namespace fmnist
