#include "fmnist/sweep/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

namespace fmnist {
namespace {

TEST(StatisticsTest, SpreadIsMeanAndSampleDeviation) {
  const Spread spread = spread_of(std::vector{1.0, 2.0, 3.0, 6.0});
  EXPECT_DOUBLE_EQ(spread.mean, 3.0);
  EXPECT_DOUBLE_EQ(*spread.sd, std::sqrt(14.0 / 3.0));
  EXPECT_FALSE(spread_of(std::vector{5.0}).sd);
}

TEST(StatisticsTest, StudentsTWithOneDegreeOfFreedomIsCauchys) {
  for (const double t : {0.0, 0.3, 1.0, 12.7, 1e3})
    EXPECT_NEAR(student_t_p(t, 1), 1.0 - 2.0 / std::numbers::pi * std::atan(t), 1e-12) << t;
}

TEST(StatisticsTest, StudentsTWithTwoDegreesOfFreedomHasAClosedForm) {
  for (const double t : {0.0, 0.3, 3.0, 12.0, 1e3})
    EXPECT_NEAR(student_t_p(t, 2), 1.0 - t / std::sqrt(2.0 + t * t), 1e-12) << t;
}

TEST(StatisticsTest, StudentsTAgreesWithTheIntegralOfItsDensity) {
  // Simpson's rule with 200,000 intervals.
  EXPECT_NEAR(student_t_p(2.0, 4), 0.116116523517, 1e-11);
  EXPECT_NEAR(student_t_p(0.1, 4), 0.925155840939, 1e-11);
  EXPECT_NEAR(student_t_p(4.5, 3), 0.020490412344, 1e-11);
  EXPECT_NEAR(student_t_p(0.7, 999), 0.484090276934, 1e-11);
  EXPECT_NEAR(student_t_p(5.0, 30) / 2.329668545e-05, 1.0, 1e-8);
  EXPECT_EQ(student_t_p(-2.0, 4), student_t_p(2.0, 4));
  EXPECT_EQ(student_t_p(std::numeric_limits<double>::infinity(), 3), 0.0);
}

TEST(StatisticsTest, APairedDifferenceHasAMeanAnErrorAndAProbability) {
  const PairedDifference difference =
      paired_difference(std::vector{-0.02, -0.01, -0.005, -0.02, -0.03});
  EXPECT_NEAR(difference.mean, -0.017, 1e-15);
  EXPECT_NEAR(difference.standard_error, 0.0043588989, 1e-10);
  EXPECT_NEAR(difference.p, 0.017540467488872, 1e-10);
}

TEST(StatisticsTest, EqualDifferencesAreCertainUnlessTheyAreZero) {
  EXPECT_EQ(paired_difference(std::vector{0.0, 0.0}).p, 1.0);
  EXPECT_EQ(paired_difference(std::vector{0.5, 0.5}).p, 0.0);
}

TEST(StatisticsTest, HolmMultipliesTheSmallestByAllTheNextByOneLess) {
  const auto corrected = holm(std::vector{0.04, 0.01, 0.03, 0.5});
  // Sorted: 0.01 × 4, 0.03 × 3, 0.04 × 2 raised to the one before, 0.5.
  EXPECT_DOUBLE_EQ(corrected[1], 0.04);
  EXPECT_DOUBLE_EQ(corrected[2], 0.09);
  EXPECT_DOUBLE_EQ(corrected[0], 0.09);
  EXPECT_DOUBLE_EQ(corrected[3], 0.5);
  EXPECT_DOUBLE_EQ(holm(std::vector{0.9, 0.8})[0], 1.0);
  EXPECT_TRUE(holm({}).empty());
}

}  // namespace
}  // namespace fmnist
