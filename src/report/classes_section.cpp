#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fmnist/core/text.h"
#include "report/sections.h"

namespace fmnist {
namespace {

using nlohmann::json;

constexpr double kStrongestWrong = 0.75;  // dark text stays readable on it

/// A class_row.html: a bar of its length under each share.
json class_row(std::string_view name, const ClassScores& scores) {
  json shares;
  for (const double share : {scores.precision, scores.recall, scores.f1})
    shares.push_back({{"share", fixed(share, 4)}, {"percent", percentage(share)}});
  return {{"name", name}, {"shares", shares}, {"images", grouped(scores.support)}};
}

json confusion_cell(const Evaluation& evaluation, std::size_t label, std::size_t predicted) {
  const std::uint64_t count = evaluation.confusion[label][predicted];
  const std::uint64_t support = evaluation.classes[label].support;
  const double share =
      support == 0 ? 0.0 : static_cast<double>(count) / static_cast<double>(support);
  const bool right = label == predicted;
  return heat_cell(count == 0 ? "·" : fmt::to_string(count),
                   right ? share : std::min(kStrongestWrong, 1.5 * std::sqrt(share)), right,
                   /*marked=*/false,
                   fmt::format("{} taken for {}: {} of {} ({})", kClassNames[label],
                               kClassNames[predicted], count, support, percentage(share, 1)));
}

}  // namespace

json classes_section(const Evaluation& evaluation) {
  std::vector<std::size_t> seen;
  json rows;
  for (std::size_t label = 0; label < kClassCount; ++label) {
    rows.push_back(class_row(kClassNames[label], evaluation.classes[label]));
    if (evaluation.classes[label].support > 0) seen.push_back(label);
  }
  const auto recall = [&](std::size_t label) { return evaluation.classes[label].recall; };
  const auto [worst, best] = std::ranges::minmax(seen, {}, recall);
  const auto named = [&](std::size_t label) -> json {
    return {{"name", kClassNames[label]}, {"recall", percentage(recall(label), 1)}};
  };
  const ClassScores mean{.support = evaluation.count,
                         .precision = evaluation.macro_precision,
                         .recall = evaluation.macro_recall,
                         .f1 = evaluation.macro_f1};
  return {{"best", named(best)},
          {"worst", named(worst)},
          {"rows", rows},
          {"mean", class_row("Mean of the classes", mean)}};
}

json confusion_section(const Evaluation& evaluation) {
  json rows;
  for (std::size_t label = 0; label < kClassCount; ++label) {
    json cells;
    for (std::size_t predicted = 0; predicted < kClassCount; ++predicted)
      cells.push_back(confusion_cell(evaluation, label, predicted));
    rows.push_back({{"name", kClassNames[label]}, {"cells", cells}});
  }
  json most;
  if (!evaluation.confused.empty()) {
    const auto [label, predicted] = evaluation.confused.front();
    most = {{"count", grouped(evaluation.confusion[label][predicted])},
            {"images", counted(evaluation.classes[label].support, "image")},
            {"label", kClassNames[label]},
            {"predicted", kClassNames[predicted]}};
  }
  return {{"most", most}, {"rows", rows}};
}

}  // namespace fmnist
