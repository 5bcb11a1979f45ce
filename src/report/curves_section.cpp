#include "fmnist/core/text.h"
#include "report/html.h"
#include "report/line_chart.h"
#include "report/sections.h"

namespace fmnist {
namespace {

/// The two curves of one figure of merit.
std::vector<Curve> curves_of(const std::vector<EpochMetrics>& epochs, double Metrics::*figure) {
  Curve train{"training", "train", {}, {}};
  Curve evaluated{epochs.front().on_val ? "validation" : "test", "test", {}, {}};
  for (const EpochMetrics& epoch : epochs) {
    const auto number = static_cast<double>(epoch.epoch);
    train.x.push_back(number);
    train.y.push_back(epoch.train.*figure);
    evaluated.x.push_back(number);
    evaluated.y.push_back(epoch.evaluated.*figure);
  }
  return {std::move(train), std::move(evaluated)};
}

std::string explanation(const ReportContent& content) {
  const auto& epochs = content.epochs;
  const std::string images = epochs.front().on_val ? "held-out" : "test";
  std::string text =
      "The network saw the training images " +
      (epochs.size() == 1 ? std::string("once") : std::to_string(epochs.size()) + " times") +
      "; after each epoch it was tried on the " + images + " images. ";
  if (content.model.config && content.model.config->dropout > 0) {
    text +=
        "Training figures are taken on the way with dropout switched on, which makes them worse "
        "than the same weights do without it.";
  } else {
    text += "Training figures are taken on the way, while the weights still change.";
  }
  return text;
}

}  // namespace

Section curves_section(const ReportContent& content) {
  Section section{"curves", "Training", {}};
  if (content.epochs.empty()) {
    section.body = lead("No epoch was finished: there is no curve to draw.");
    return section;
  }
  const LineChart loss{.title = "Loss",
                       .x_name = "epoch",
                       .y_name = "cross-entropy",
                       .curves = curves_of(content.epochs, &Metrics::loss)};
  const LineChart accuracy{.title = "Accuracy",
                           .x_name = "epoch",
                           .y_name = "images recognised",
                           .curves = curves_of(content.epochs, &Metrics::accuracy),
                           .shown_as = 100.0,
                           .decimals = 2,
                           .unit = "%"};
  section.body = lead(explanation(content)) +
                 element("div", {{"class", "pair"}},
                         figure(draw(loss),
                                "Lower is better: how far the probabilities are from "
                                "certainty in the right class.") +
                             figure(draw(accuracy),
                                    "Higher is better: the share of images whose "
                                    "most probable class is the right one."));
  return section;
}

}  // namespace fmnist
