#include "fmnist/evaluate/evaluation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "fmnist/core/error.h"

namespace fmnist {
namespace {

constexpr double kNormalQuantile = 1.959963984540054;  // of 0.975: 95 % lie between both sides
constexpr std::size_t kTop = 3;

using Row = std::span<const float>;

double ratio(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

/// How many classes come before `label`: those with a larger logit, and of equal ones the lower.
std::size_t rank_of(std::uint8_t label, Row logits) {
  std::size_t rank = 0;
  for (std::size_t c = 0; c < logits.size(); ++c)
    rank += logits[c] > logits[label] || (logits[c] == logits[label] && c < label);
  return rank;
}

std::size_t bin_of(double confidence) {
  const auto upper = static_cast<std::size_t>(std::ceil(confidence * kReliabilityBins));
  return std::clamp<std::size_t>(upper, 1, kReliabilityBins) - 1;
}

void score_classes(Evaluation& evaluation) {
  for (std::size_t label = 0; label < kClassCount; ++label) {
    for (std::size_t predicted = 0; predicted < kClassCount; ++predicted) {
      const std::uint64_t count = evaluation.confusion[label][predicted];
      evaluation.classes[label].support += count;
      evaluation.classes[predicted].predicted += count;
      if (label == predicted) evaluation.classes[label].correct = count;
    }
  }
  for (ClassScores& scores : evaluation.classes) {
    scores.precision = ratio(scores.correct, scores.predicted);
    scores.recall = ratio(scores.correct, scores.support);
    scores.f1 = ratio(2 * scores.correct, scores.predicted + scores.support);
    evaluation.macro_precision += scores.precision / kClassCount;
    evaluation.macro_recall += scores.recall / kClassCount;
    evaluation.macro_f1 += scores.f1 / kClassCount;
  }
}

void list_confusions(Evaluation& evaluation) {
  for (std::uint8_t label = 0; label < kClassCount; ++label) {
    for (std::uint8_t predicted = 0; predicted < kClassCount; ++predicted) {
      if (label != predicted && evaluation.confusion[label][predicted] > 0)
        evaluation.confused.emplace_back(label, predicted);
    }
  }
  std::ranges::stable_sort(evaluation.confused, std::greater(), [&](const auto& pair) {
    return evaluation.confusion[pair.first][pair.second];
  });
}

/// Turns the sums in the bins into means.
void calibrate(Evaluation& evaluation) {
  for (ReliabilityBin& bin : evaluation.reliability) {
    if (bin.count == 0) continue;
    bin.confidence /= static_cast<double>(bin.count);
    bin.accuracy /= static_cast<double>(bin.count);
    evaluation.ece += ratio(bin.count, evaluation.count) * std::abs(bin.accuracy - bin.confidence);
  }
}

}  // namespace

std::pair<double, double> wilson_interval(std::uint64_t successes, std::uint64_t count) {
  if (count == 0) return {0.0, 1.0};
  const double n = static_cast<double>(count);
  const double share = static_cast<double>(successes) / n;
  const double z2 = kNormalQuantile * kNormalQuantile;
  const double centre = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
  const double half =
      kNormalQuantile / (1.0 + z2 / n) * std::sqrt(share * (1.0 - share) / n + z2 / (4.0 * n * n));
  return {std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

std::array<double, kClassCount> softmax(std::span<const float> logits) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  std::array<double, kClassCount> probabilities{};
  double sum = 0.0;
  for (std::size_t c = 0; c < kClassCount; ++c) {
    probabilities[c] = std::exp(static_cast<double>(logits[c]) - largest);
    sum += probabilities[c];
  }
  for (double& probability : probabilities) probability /= sum;
  return probabilities;
}

void require_finite(std::span<const float> logits) {
  const auto bad =
      std::find_if(logits.begin(), logits.end(), [](float logit) { return !std::isfinite(logit); });
  if (bad == logits.end()) return;
  const auto image = static_cast<std::size_t>(bad - logits.begin()) / kClassCount;
  throw Error(
      ErrorKind::kDiverged,
      fmt::format("the network's output for image {} is NaN or infinite: its training diverged",
                  image),
      "give another checkpoint");
}

Evaluation evaluate_predictions(std::span<const float> logits,
                                std::span<const std::uint8_t> labels) {
  require_finite(logits);
  const Totals totals = classification_totals(logits, labels);
  Evaluation evaluation;
  evaluation.count = totals.count;
  evaluation.correct = totals.correct;
  evaluation.metrics = mean(totals);
  evaluation.accuracy_interval = wilson_interval(totals.correct, totals.count);
  std::uint64_t in_top = 0;
  for (std::size_t index = 0; index < labels.size(); ++index) {
    const Row row = logits.subspan(index * kClassCount, kClassCount);
    const std::uint8_t label = labels[index];
    const auto predicted =
        static_cast<std::uint8_t>(std::max_element(row.begin(), row.end()) - row.begin());
    const auto probabilities = softmax(row);
    const double confidence = probabilities[predicted];
    in_top += rank_of(label, row) < kTop;
    ++evaluation.confusion[label][predicted];
    ReliabilityBin& bin = evaluation.reliability[bin_of(confidence)];
    ++bin.count;
    bin.confidence += confidence;
    bin.accuracy += predicted == label ? 1.0 : 0.0;
    if (predicted != label)
      evaluation.mistakes.push_back({index, label, predicted, confidence, probabilities});
  }
  evaluation.top3_accuracy = ratio(in_top, evaluation.count);
  score_classes(evaluation);
  list_confusions(evaluation);
  calibrate(evaluation);
  std::ranges::stable_sort(evaluation.mistakes, std::greater(), &Mistake::confidence);
  return evaluation;
}

}  // namespace fmnist
