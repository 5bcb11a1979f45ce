#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "fmnist/core/random.h"
#include "fmnist/data/split.h"
#include "fmnist/evaluate/evaluation.h"

namespace fmnist {

/// Logits with their labels, made up for a test.
struct Predictions {
  std::vector<float> logits;
  std::vector<std::uint8_t> labels;

  /// One more image of class `label`, taken for `predicted` with this probability; the other
  /// classes share the rest.
  Predictions& add(std::uint8_t label, std::uint8_t predicted, double confidence) {
    for (std::size_t c = 0; c < kClassCount; ++c) {
      const double share = c == predicted ? confidence : (1.0 - confidence) / (kClassCount - 1);
      logits.push_back(static_cast<float>(std::log(share)));
    }
    labels.push_back(label);
    return *this;
  }

  /// `count` images of noise, right more often than by chance.
  static Predictions noisy(std::size_t count) {
    Predictions predictions;
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto label = static_cast<std::uint8_t>(i % kClassCount);
      for (std::uint32_t c = 0; c < kClassCount; ++c) {
        const auto noise = philox({5, 0}, {c, i, 0, 0})[0] >> 8;
        predictions.logits.push_back(static_cast<float>(noise) / 4e6f + (c == label ? 2.0f : 0.0f));
      }
      predictions.labels.push_back(label);
    }
    return predictions;
  }
};

inline Evaluation evaluate(const Predictions& predictions) {
  return evaluate_predictions(predictions.logits, predictions.labels);
}

}  // namespace fmnist
