#include <fmt/format.h>

#include "report/line_chart.h"
#include "report/sections.h"

namespace fmnist {
namespace {

/// The two curves of one of the metrics.
std::vector<Curve> curves_of(const std::vector<EpochFinished>& epochs, double Metrics::*metric) {
  Curve train{"training", "train", {}};
  Curve evaluated{epochs.front().on_val ? "validation" : "test", "test", {}};
  for (const EpochFinished& epoch : epochs) {
    const auto number = static_cast<double>(epoch.epoch);
    train.points.push_back({number, {epoch.train.*metric, {}}});
    evaluated.points.push_back({number, {epoch.evaluated.*metric, {}}});
  }
  return {std::move(train), std::move(evaluated)};
}

}  // namespace

nlohmann::json curves_section(const ReportContent& content) {
  const auto& epochs = content.epochs;
  if (epochs.empty()) return nullptr;
  const LineChart loss{.title = "Loss",
                       .x_name = "epoch",
                       .y_name = "cross-entropy",
                       .curves = curves_of(epochs, &Metrics::loss)};
  const LineChart accuracy{.title = "Accuracy",
                           .x_name = "epoch",
                           .y_name = "images recognised",
                           .curves = curves_of(epochs, &Metrics::accuracy),
                           .share = true};
  return {{"times", epochs.size() == 1 ? "once" : fmt::format("{} times", epochs.size())},
          {"tried_on", epochs.front().on_val ? "held-out" : "test"},
          {"dropout", content.model.config && content.model.config->dropout > 0},
          {"loss", draw(loss)},
          {"accuracy", draw(accuracy)}};
}

}  // namespace fmnist
