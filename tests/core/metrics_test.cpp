#include "fmnist/core/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace fmnist {
namespace {

TEST(Mean, DividesByTheCount) { EXPECT_EQ(mean({3.0, 1, 4}), (Metrics{0.75, 0.25})); }

TEST(Mean, OfNoImageIsZeroAndNotNan) { EXPECT_EQ(mean({}), (Metrics{0.0, 0.0})); }

TEST(Totals, AddUp) {
  Totals totals{1.5, 2, 3};
  totals += {0.25, 1, 4};
  EXPECT_EQ(totals.loss, 1.75);
  EXPECT_EQ(totals.correct, 3U);
  EXPECT_EQ(totals.count, 7U);
}

TEST(ClassificationTotals, EqualLogitsCostLogTenAndTheFirstClassWins) {
  const std::vector<float> logits(20, 2.5F);
  const Totals totals = classification_totals(logits, std::vector<std::uint8_t>{0, 9});
  EXPECT_NEAR(totals.loss, 2 * std::log(10.0), 1e-12);
  EXPECT_EQ(totals.correct, 1U);
  EXPECT_EQ(totals.count, 2U);
}

TEST(ClassificationTotals, MatchHandComputedRows) {
  std::vector<float> logits(20, 0.0F);
  logits[3] = 1.0F;   // row 0: the largest is class 3
  logits[19] = 2.0F;  // row 1: the largest is class 9
  const Totals totals = classification_totals(logits, std::vector<std::uint8_t>{3, 4});
  // log(9 + e) - 1 and log(9 + e²) - 0
  EXPECT_NEAR(totals.loss, 1.4611501717344746 + 2.7966138010382244, 1e-12);
  EXPECT_EQ(totals.correct, 1U);
}

TEST(ClassificationTotals, SurviveLogitsWhoseExponentialsOverflow) {
  std::vector<float> logits(10, -3.0e38F);
  logits[7] = 3.0e38F;
  EXPECT_EQ(classification_totals(logits, std::vector<std::uint8_t>{7}).loss, 0.0);
  const Totals wrong = classification_totals(logits, std::vector<std::uint8_t>{0});
  EXPECT_NEAR(wrong.loss, 6.0e38, 1e32);
}

TEST(ClassificationTotals, PassNanOnSoThatDivergenceIsSeen) {
  std::vector<float> logits(10, 0.0F);
  logits[4] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(std::isnan(classification_totals(logits, std::vector<std::uint8_t>{0}).loss));
}

TEST(ClassificationTotals, OfNoRowAreZero) {
  const Totals totals = classification_totals({}, {});
  EXPECT_EQ(totals.loss, 0.0);
  EXPECT_EQ(totals.count, 0U);
}

}  // namespace
}  // namespace fmnist
