#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "fmnist/core/metrics.h"
#include "fmnist/data/split.h"

namespace fmnist {

/// From and to: the 95 % score interval for a share of which `successes` in `count` were seen
/// (Wilson, "Probable inference, the law of succession, and statistical inference", JASA 1927); 0
/// to 1 without any.
std::pair<double, double> wilson_interval(std::uint64_t successes, std::uint64_t count);

/// softmax(logits) in double; `logits` has 10 entries.
std::array<double, kClassCount> softmax(std::span<const float> logits);

/// Throws `Error` (kDiverged) when one of `logits` is NaN or infinite.
void require_finite(std::span<const float> logits);

/// How one class fares. A quotient with nothing below the line is 0, as scikit-learn has it.
struct ClassScores {
  std::uint64_t support = 0;    // images of this class
  std::uint64_t predicted = 0;  // images taken for this class
  std::uint64_t correct = 0;
  double precision = 0.0;  // correct / predicted
  double recall = 0.0;     // correct / support
  double f1 = 0.0;         // their harmonic mean
};

/// The images whose confidence (largest probability) lies in one bin.
struct ReliabilityBin {
  std::uint64_t count = 0;
  double confidence = 0.0;  // mean
  double accuracy = 0.0;
};

/// An image taken for another class.
struct Mistake {
  std::size_t index = 0;  // in the split
  std::uint8_t label = 0;
  std::uint8_t predicted = 0;
  double confidence = 0.0;  // of the predicted class
  std::array<double, kClassCount> probabilities{};
};

/// Bin b of the reliability diagram holds the confidences in (b / 15, (b + 1) / 15].
inline constexpr std::size_t kReliabilityBins = 15;

/// Everything said of a network's predictions on a split.
struct Evaluation {
  std::uint64_t count = 0;
  std::uint64_t correct = 0;
  Metrics metrics;                              // as a training run computes them, to the last bit
  std::pair<double, double> accuracy_interval;  // 95 %
  double top3_accuracy = 0.0;
  std::array<ClassScores, kClassCount> classes{};
  double macro_precision = 0.0;  // unweighted means over the ten classes
  double macro_recall = 0.0;
  double macro_f1 = 0.0;
  std::array<std::array<std::uint64_t, kClassCount>, kClassCount>
      confusion{};  // [label][predicted]
  std::vector<std::pair<std::uint8_t, std::uint8_t>>
      confused;  // label and predicted class of the confusions that occur, most frequent first
  std::array<ReliabilityBin, kReliabilityBins> reliability{};
  double ece = 0.0;               // expected calibration error, a fraction
  std::vector<Mistake> mistakes;  // most confident first
};

/// Evaluates `logits` [n, 10] against `labels` [n]: a prediction is the first largest logit. The
/// calibration error is that of Guo et al., "On calibration of modern neural networks" (ICML 2017).
/// Throws `Error` (kDiverged) when a logit is NaN or infinite.
Evaluation evaluate_predictions(std::span<const float> logits,
                                std::span<const std::uint8_t> labels);

}  // namespace fmnist
