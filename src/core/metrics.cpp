#include "fmnist/core/metrics.h"

#include <algorithm>
#include <cmath>

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
