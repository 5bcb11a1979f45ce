#include "fmnist/core/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace fmnist {

Totals& Totals::operator+=(const Totals& other) {
  loss += other.loss;
  correct += other.correct;
  count += other.count;
  return *this;
}

Metrics mean(const Totals& totals) {
  if (totals.count == 0) return {};
  const auto count = static_cast<double>(totals.count);
  return {totals.loss / count, static_cast<double>(totals.correct) / count};
}

nlohmann::ordered_json to_json(const std::optional<Metrics>& metrics) {
  if (!metrics) return nullptr;
  const bool finite = std::isfinite(metrics->loss);  // JSON knows no NaN and no infinity
  return {{"loss", finite ? nlohmann::ordered_json(metrics->loss) : nullptr},
          {"accuracy", metrics->accuracy}};
}

std::optional<Metrics> metrics_from_json(const nlohmann::json& json) {
  if (json.is_null()) return std::nullopt;
  const nlohmann::json& loss = json.at("loss");
  return Metrics{loss.is_null() ? std::numeric_limits<double>::quiet_NaN() : loss.get<double>(),
                 json.at("accuracy")};
}

Totals classification_totals(std::span<const float> logits, std::span<const std::uint8_t> labels) {
  Totals totals;
  if (labels.empty()) return totals;
  const std::size_t classes = logits.size() / labels.size();
  for (std::size_t row = 0; row < labels.size(); ++row) {
    const auto entries = logits.subspan(row * classes, classes);
    const auto largest = std::max_element(entries.begin(), entries.end());
    double sum = 0.0;
    for (const float logit : entries) sum += std::exp(static_cast<double>(logit) - *largest);
    totals.loss += std::log(sum) + *largest - static_cast<double>(entries[labels[row]]);
    totals.correct += largest - entries.begin() == labels[row];
  }
  totals.count = labels.size();
  return totals;
}

}  // namespace fmnist
