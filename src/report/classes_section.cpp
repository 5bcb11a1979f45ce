#include <algorithm>
#include <cmath>

#include "fmnist/core/text.h"
#include "report/heat_table.h"
#include "report/html.h"
#include "report/sections.h"

namespace fmnist {
namespace {

constexpr double kStrongestWrong = 0.75;  // dark text stays readable on it

std::string number_cell(const std::string& text) {
  return element("td", {{"class", "number"}}, escape(text));
}

/// A share as a number over a bar of its length.
std::string bar_cell(double share) {
  return element("td", {{"class", "number bar"}, {"style", "--share:" + fixed(share, 4)}},
                 percentage(share));
}

std::string class_row(std::string_view name, const ClassScores& scores) {
  return element("tr", {},
                 element("th", {{"scope", "row"}}, escape(name)) + bar_cell(scores.precision) +
                     bar_cell(scores.recall) + bar_cell(scores.f1) +
                     number_cell(grouped(scores.support))) +
         "\n";
}

std::string head_row(std::initializer_list<std::string_view> names) {
  std::string heads;
  for (const std::string_view name : names)
    heads += element("th", {{"scope", "col"}, {"class", heads.empty() ? "head" : "number"}}, name);
  return element("thead", {}, element("tr", {}, heads)) + "\n";
}

/// The classes that occur, by their recall: worst and best.
std::string best_and_worst(const Evaluation& evaluation) {
  std::vector<std::size_t> labels;
  for (std::size_t label = 0; label < kClassCount; ++label)
    if (evaluation.classes[label].support > 0) labels.push_back(label);
  const auto recall = [&](std::size_t label) { return evaluation.classes[label].recall; };
  const auto [worst, best] = std::ranges::minmax(labels, {}, recall);
  const auto named = [&](std::size_t label) {
    return element("strong", {}, escape(kClassNames[label])) + " (" + percentage(recall(label), 1) +
           " of its images found)";
  };
  return "Easiest: " + named(best) + ". Hardest: " + named(worst) + ".";
}

HeatCell confusion_cell(const Evaluation& evaluation, std::size_t label, std::size_t predicted) {
  const std::uint64_t count = evaluation.confusion[label][predicted];
  const std::uint64_t support = evaluation.classes[label].support;
  const double share =
      support == 0 ? 0.0 : static_cast<double>(count) / static_cast<double>(support);
  const bool right = label == predicted;
  return {.text = count == 0 ? "\xC2\xB7" : std::to_string(count),
          .strength = right ? share : std::min(kStrongestWrong, 1.5 * std::sqrt(share)),
          .hue = right ? HeatCell::Hue::kRight : HeatCell::Hue::kWrong,
          .marked = false,
          .tip = std::string(kClassNames[label]) + " taken for " +
                 std::string(kClassNames[predicted]) + ": " + std::to_string(count) + " of " +
                 std::to_string(support) + " (" + percentage(share, 1) + ")"};
}

std::string most_confused(const Evaluation& evaluation) {
  if (evaluation.confused.empty()) return "No image was taken for another class.";
  const ConfusedPair& pair = evaluation.confused.front();
  return "Most often " + grouped(pair.count) + " of " +
         counted(evaluation.classes[pair.label].support, "image") + " of " +
         element("strong", {}, escape(kClassNames[pair.label])) + " were taken for " +
         element("strong", {}, escape(kClassNames[pair.predicted])) + ".";
}

}  // namespace

Section classes_section(const ReportContent& content) {
  const Evaluation& evaluation = content.evaluation;
  std::string rows;
  for (std::size_t label = 0; label < kClassCount; ++label)
    rows += class_row(kClassNames[label], evaluation.classes[label]);
  const ClassScores mean{.support = evaluation.count,
                         .precision = evaluation.macro_precision,
                         .recall = evaluation.macro_recall,
                         .f1 = evaluation.macro_f1};
  const std::string table = element(
      "table", {{"class", "figures"}},
      element("caption", {}, "Precision, recall and F1 of each class") + "\n" +
          head_row({"Class", "Precision", "Recall", "F1", "Images"}) + element("tbody", {}, rows) +
          element("tfoot", {}, class_row("Mean of the classes", mean)));
  return {"classes", "Classes",
          lead(best_and_worst(evaluation)) +
              figure(element("div", {{"class", "scroll"}}, table),
                     "Precision: of the images taken for this class, how many are of it. Recall: "
                     "of the images of this class, how many were found. F1: their harmonic mean.")};
}

Section confusion_section(const ReportContent& content) {
  const Evaluation& evaluation = content.evaluation;
  HeatTable table{.caption = "Confusion matrix: rows are the true classes, columns the predictions",
                  .row_name = "is a",
                  .column_name = "taken for",
                  .rows = {kClassNames.begin(), kClassNames.end()},
                  .columns = {kClassNames.begin(), kClassNames.end()},
                  .upright_columns = true,
                  .cells = {}};
  for (std::size_t label = 0; label < kClassCount; ++label) {
    auto& row = table.cells.emplace_back();
    for (std::size_t predicted = 0; predicted < kClassCount; ++predicted)
      row.push_back(confusion_cell(evaluation, label, predicted));
  }
  return {
      "confusion", "Confusion",
      lead(most_confused(evaluation)) +
          figure_beside(draw(table),
                        "Each row holds the images of one class. Blue on the diagonal: recognised. "
                        "Orange elsewhere: taken for the class above; its strength grows with the "
                        "square root of the share, so that rare confusions show.")};
}

}  // namespace fmnist
