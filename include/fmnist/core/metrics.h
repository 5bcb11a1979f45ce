#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>

namespace fmnist {

/// Sums over some images: what an engine counts while it trains and what an evaluation returns.
struct Totals {
  double loss = 0.0;          // sum over the images of the cross-entropy, in nats
  std::uint64_t correct = 0;  // images whose largest logit is the label's
  std::uint64_t count = 0;    // images

  Totals& operator+=(const Totals& other);
};

/// Mean loss and accuracy (a fraction) over some images.
struct Metrics {
  double loss = 0.0;
  double accuracy = 0.0;

  bool operator==(const Metrics&) const = default;
};

/// Means of `totals`; both zero when it counts no image.
Metrics mean(const Totals& totals);

/// {"loss", "accuracy"}; a loss that is not finite is null, and so are metrics that there are not.
nlohmann::ordered_json to_json(const std::optional<Metrics>& metrics);

/// Reads what `to_json` writes: a loss that was not finite is NaN. Throws nlohmann's exceptions.
std::optional<Metrics> metrics_from_json(const nlohmann::json& json);

/// Cross-entropy -log softmax(logits)[label] summed over the rows of `logits` [n, 10], in double,
/// and how many rows have their first largest entry at the label. `labels` has n entries.
Totals classification_totals(std::span<const float> logits, std::span<const std::uint8_t> labels);

}  // namespace fmnist
