#include "fmnist/evaluate/evaluation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "evaluate/predictions.h"
#include "support/errors.h"

namespace fmnist {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

TEST(WilsonInterval, AgreesWithValuesComputedByHand) {
  // z^2 = 3.8414588; (0.8 + z^2 / 20 -+ z sqrt(0.016 + z^2 / 400)) / (1 + z^2 / 10).
  const auto [low, high] = wilson_interval(8, 10);
  EXPECT_NEAR(low, 0.490162, 1e-6);
  EXPECT_NEAR(high, 0.943318, 1e-6);
}

TEST(WilsonInterval, StaysWithinTheShares) {
  EXPECT_NEAR(wilson_interval(0, 10).first, 0.0, 1e-15);
  EXPECT_NEAR(wilson_interval(0, 10).second, 0.2775328, 1e-7);  // z^2 / (10 + z^2)
  EXPECT_NEAR(wilson_interval(10, 10).first, 0.7224672, 1e-7);
  EXPECT_LE(wilson_interval(10, 10).second, 1.0);
}

TEST(WilsonInterval, NarrowsWithTheNumberOfImages) {
  const auto [low, high] = wilson_interval(8965, 10000);
  EXPECT_NEAR(low, 0.890377, 1e-6);
  EXPECT_NEAR(high, 0.902319, 1e-6);
}

TEST(WilsonInterval, IsEverythingWithoutAnImage) {
  EXPECT_EQ(wilson_interval(0, 0).first, 0.0);
  EXPECT_EQ(wilson_interval(0, 0).second, 1.0);
}

TEST(Softmax, IsTheShareOfExponentials) {
  std::array<float, kClassCount> logits{};
  logits[4] = std::log(11.0f);
  const auto probabilities = softmax(logits);
  EXPECT_NEAR(probabilities[4], 0.55, 1e-7);
  EXPECT_NEAR(probabilities[0], 0.05, 1e-8);
  EXPECT_NEAR(std::accumulate(probabilities.begin(), probabilities.end(), 0.0), 1.0, 1e-15);
}

TEST(Softmax, TakesLogitsOfAnySize) {
  std::array<float, kClassCount> logits{};
  logits.fill(-1e30f);
  logits[2] = 1e30f;
  EXPECT_EQ(softmax(logits)[2], 1.0);
  EXPECT_EQ(softmax(logits)[0], 0.0);
}

/// Eight images of three classes, sure of their predictions.
Evaluation three_classes() {
  return evaluate(Predictions{}
                      .add(0, 0, 0.9)
                      .add(0, 0, 0.8)
                      .add(0, 1, 0.7)
                      .add(1, 1, 0.9)
                      .add(1, 0, 0.6)
                      .add(1, 0, 0.95)
                      .add(2, 2, 0.9)
                      .add(2, 0, 0.5));
}

TEST(EvaluatePredictions, CountsTheConfusions) {
  const Evaluation evaluation = three_classes();
  EXPECT_THAT(evaluation.confusion[0], ElementsAre(2, 1, 0, 0, 0, 0, 0, 0, 0, 0));
  EXPECT_THAT(evaluation.confusion[1], ElementsAre(2, 1, 0, 0, 0, 0, 0, 0, 0, 0));
  EXPECT_THAT(evaluation.confusion[2], ElementsAre(1, 0, 1, 0, 0, 0, 0, 0, 0, 0));
  EXPECT_EQ(evaluation.count, 8U);
  EXPECT_EQ(evaluation.correct, 4U);
}

TEST(EvaluatePredictions, ScoresEachClass) {
  const Evaluation evaluation = three_classes();
  const ClassScores& first = evaluation.classes[0];
  EXPECT_EQ(first.support, 3U);
  EXPECT_EQ(first.predicted, 5U);
  EXPECT_EQ(first.correct, 2U);
  EXPECT_DOUBLE_EQ(first.precision, 2.0 / 5.0);
  EXPECT_DOUBLE_EQ(first.recall, 2.0 / 3.0);
  EXPECT_DOUBLE_EQ(first.f1, 0.5);  // 2 * (2/5 * 2/3) / (2/5 + 2/3)
  EXPECT_DOUBLE_EQ(evaluation.classes[2].precision, 1.0);
  EXPECT_DOUBLE_EQ(evaluation.classes[2].recall, 0.5);
  EXPECT_DOUBLE_EQ(evaluation.classes[2].f1, 2.0 / 3.0);
}

TEST(EvaluatePredictions, GivesAClassThatNeverOccursZeros) {
  const ClassScores scores = three_classes().classes[7];
  EXPECT_EQ(scores.support, 0U);
  EXPECT_EQ(scores.precision, 0.0);
  EXPECT_EQ(scores.recall, 0.0);
  EXPECT_EQ(scores.f1, 0.0);
}

TEST(EvaluatePredictions, AveragesOverTheTenClasses) {
  const Evaluation evaluation = three_classes();
  EXPECT_NEAR(evaluation.macro_precision, (0.4 + 0.5 + 1.0) / 10.0, 1e-15);
  EXPECT_NEAR(evaluation.macro_recall, (2.0 / 3.0 + 1.0 / 3.0 + 0.5) / 10.0, 1e-15);
  EXPECT_NEAR(evaluation.macro_f1, (0.5 + 0.4 + 2.0 / 3.0) / 10.0, 1e-15);
}

TEST(EvaluatePredictions, ListsTheMostConfusedPairsFirst) {
  const auto confused = three_classes().confused;
  ASSERT_EQ(confused.size(), 3U);
  EXPECT_EQ(confused[0].first, 1);
  EXPECT_EQ(confused[0].second, 0);
  EXPECT_EQ(three_classes().confusion[1][0], 2U);
  EXPECT_EQ(confused[1].first, 0);  // of equal ones the lower label first
  EXPECT_EQ(confused[2].first, 2);
}

TEST(EvaluatePredictions, ListsTheMostConfidentMistakesFirst) {
  const auto mistakes = three_classes().mistakes;
  ASSERT_EQ(mistakes.size(), 4U);
  EXPECT_EQ(mistakes[0].index, 5U);
  EXPECT_EQ(mistakes[0].label, 1);
  EXPECT_EQ(mistakes[0].predicted, 0);
  EXPECT_NEAR(mistakes[0].confidence, 0.95, 1e-6);
  EXPECT_EQ(mistakes[0].confidence, mistakes[0].probabilities[0]);
  EXPECT_NEAR(mistakes[0].probabilities[1], 0.05 / 9.0, 1e-7);
  EXPECT_EQ(mistakes[1].index, 2U);
  EXPECT_EQ(mistakes[2].index, 4U);
  EXPECT_EQ(mistakes[3].index, 7U);
}

TEST(EvaluatePredictions, HasLossAndAccuracyOfATrainingRunToTheLastBit) {
  const Predictions predictions = Predictions::noisy(500);
  const Evaluation evaluation = evaluate(predictions);
  EXPECT_EQ(evaluation.metrics,
            mean(classification_totals(predictions.logits, predictions.labels)));
  EXPECT_GT(evaluation.correct, 0U);
  EXPECT_LT(evaluation.correct, 500U);
}

TEST(EvaluatePredictions, AgreesWithItself) {
  const Evaluation evaluation = evaluate(Predictions::noisy(500));
  std::uint64_t all = 0;
  std::uint64_t diagonal = 0;
  for (std::size_t label = 0; label < kClassCount; ++label) {
    for (const std::uint64_t count : evaluation.confusion[label]) all += count;
    diagonal += evaluation.confusion[label][label];
  }
  EXPECT_EQ(all, 500U);
  EXPECT_EQ(diagonal, evaluation.correct);
  EXPECT_EQ(evaluation.mistakes.size(), 500 - evaluation.correct);
  EXPECT_LT(evaluation.accuracy_interval.first, evaluation.metrics.accuracy);
  EXPECT_GT(evaluation.accuracy_interval.second, evaluation.metrics.accuracy);
}

TEST(EvaluatePredictions, CountsALabelAmongTheThreeLargest) {
  Predictions predictions;
  for (const int label : {9, 7, 5, 4}) {
    for (int c = 0; c < 10; ++c) predictions.logits.push_back(static_cast<float>(c));
    predictions.labels.push_back(static_cast<std::uint8_t>(label));
  }
  EXPECT_EQ(evaluate(predictions).top3_accuracy, 0.5);  // 9 and 7 of 9, 8, 7
}

TEST(EvaluatePredictions, TakesTheLowerClassOfEqualLogits) {
  Predictions predictions;
  for (const int label : {0, 2, 3}) {
    predictions.logits.insert(predictions.logits.end(), kClassCount, 1.0f);
    predictions.labels.push_back(static_cast<std::uint8_t>(label));
  }
  const Evaluation evaluation = evaluate(predictions);
  EXPECT_EQ(evaluation.correct, 1U);
  EXPECT_DOUBLE_EQ(evaluation.top3_accuracy, 2.0 / 3.0);
}

TEST(EvaluatePredictions, ComputesTheCalibrationErrorOfAHandComputedCase) {
  const Evaluation evaluation = evaluate(
      Predictions{}.add(3, 3, 0.91).add(3, 4, 0.93).add(5, 5, 0.5).add(6, 6, 0.25).add(1, 2, 0.25));
  // Bins of 1/15: 0.91 and 0.93 lie in (13/15, 14/15], 0.5 in (7/15, 8/15], 0.25 in (3/15, 4/15].
  EXPECT_EQ(evaluation.reliability[13].count, 2U);
  EXPECT_NEAR(evaluation.reliability[13].confidence, 0.92, 1e-6);
  EXPECT_DOUBLE_EQ(evaluation.reliability[13].accuracy, 0.5);
  EXPECT_EQ(evaluation.reliability[7].count, 1U);
  EXPECT_EQ(evaluation.reliability[3].count, 2U);
  EXPECT_EQ(evaluation.reliability[0].count, 0U);
  // 2/5 |0.5 - 0.92| + 1/5 |1 - 0.5| + 2/5 |0.5 - 0.25|
  EXPECT_NEAR(evaluation.ece, 0.168 + 0.1 + 0.1, 1e-6);
}

TEST(EvaluatePredictions, PutsTheLeastAndTheMostConfidentIntoTheirBins) {
  Predictions predictions;
  predictions.logits.resize(2 * kClassCount);  // 0.1 lies in (1/15, 2/15]
  predictions.logits[kClassCount + 8] = 1000.0f;
  predictions.labels = {0, 8};
  const Evaluation evaluation = evaluate(predictions);
  EXPECT_EQ(evaluation.reliability[1].count, 1U);
  EXPECT_EQ(evaluation.reliability[14].count, 1U);
  EXPECT_EQ(evaluation.reliability[14].confidence, 1.0);
}

TEST(EvaluatePredictions, TakesNoImagesAtAll) {
  const Evaluation evaluation = evaluate(Predictions{});
  EXPECT_EQ(evaluation.count, 0U);
  EXPECT_EQ(evaluation.ece, 0.0);
  EXPECT_EQ(evaluation.metrics, Metrics{});
}

TEST(EvaluatePredictions, RefusesOutputsThatAreNotFinite) {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    Predictions predictions = Predictions::noisy(3);
    predictions.logits[25] = bad;
    expect_parts(error_of(ErrorKind::kDiverged, [&] { evaluate(predictions); }),
                 {"image 2", "NaN or infinite"});
  }
}

}  // namespace
}  // namespace fmnist
