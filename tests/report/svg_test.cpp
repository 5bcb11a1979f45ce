#include "report/svg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace fmnist {
namespace {

using ::testing::Pointwise;

MATCHER(Near, "") { return std::abs(std::get<0>(arg) - std::get<1>(arg)) < 1e-9; }

void expect_ticks(const std::vector<double>& found, const std::vector<double>& expected) {
  EXPECT_THAT(found, Pointwise(Near(), expected));
}

TEST(Scale, MapsItsEndsAndWhatLiesBetween) {
  const Scale down{0.0, 2.0, 100.0, 20.0};  // as y grows downwards in SVG
  EXPECT_EQ(down(0.0), 100.0);
  EXPECT_EQ(down(2.0), 20.0);
  EXPECT_EQ(down(0.5), 80.0);
}

TEST(Scale, MapsLogarithmsWhereAsked) {
  const Scale log{.low = 0.01, .high = 1.0, .at_low = 0.0, .at_high = 100.0, .log = true};
  EXPECT_NEAR(log(0.1), 50.0, 1e-9);
  EXPECT_NEAR(log(1.0), 100.0, 1e-9);
}

TEST(AxisTicks, AreRoundAndHoldTheValues) {
  expect_ticks(axis_ticks(0.28, 1.04, 6), {0.2, 0.4, 0.6, 0.8, 1.0, 1.2});
  expect_ticks(axis_ticks(61.5, 89.9, 6), {60, 65, 70, 75, 80, 85, 90});
  expect_ticks(axis_ticks(0, 100, 5), {0, 20, 40, 60, 80, 100});
  expect_ticks(axis_ticks(0.001, 0.0034, 4), {0.001, 0.002, 0.003, 0.004});
  expect_ticks(axis_ticks(-3, 4, 4), {-4, -2, 0, 2, 4});
}

TEST(AxisTicks, WidenWhereTheRoundEndsDoNotFitTheNumber) {
  // Steps of 2 would need 9 to 21, which are six of them with both ends.
  expect_ticks(axis_ticks(9.9, 20.1, 5), {5, 10, 15, 20, 25});
}

TEST(AxisTicks, ReachAroundASingleValue) {
  const auto ticks = axis_ticks(0.9, 0.9, 5);
  EXPECT_LT(ticks.front(), 0.9);
  EXPECT_GT(ticks.back(), 0.9);
  EXPECT_GT(axis_ticks(0.0, 0.0, 5).size(), 1u);
}

TEST(WholeTicks, AreWholeNumbersWithinTheAxis) {
  expect_ticks(inner_ticks(1, 40, 6, 1), {10, 20, 30, 40});
  expect_ticks(inner_ticks(1, 3, 6, 1), {1, 2, 3});
  expect_ticks(inner_ticks(0, 2, 6, 1), {0, 1, 2});
  expect_ticks(inner_ticks(1, 1000, 6, 1), {200, 400, 600, 800, 1000});
}

TEST(InnerTicks, LieWithinAnAxisOfAnyValues) {
  expect_ticks(inner_ticks(0.011, 0.032, 6, 0), {0.015, 0.02, 0.025, 0.03});
}

TEST(LogTicks, AreRoundAndWithinTheAxis) {
  expect_ticks(log_ticks(0.005, 0.08, 8), {0.005, 0.01, 0.02, 0.05});
  expect_ticks(log_ticks(3, 13, 8), {5, 10});
  expect_ticks(log_ticks(1e-4, 1, 8), {1e-4, 1e-3, 1e-2, 1e-1, 1});
}

TEST(Decimals, TellTicksApart) {
  EXPECT_EQ(decimals_of({0.2, 0.4}), 1);
  EXPECT_EQ(decimals_of({0.25, 0.30}), 2);
  EXPECT_EQ(decimals_of({60, 65}), 0);
  EXPECT_EQ(decimals_of({0.001, 0.002}), 3);
  EXPECT_EQ(decimals_of({5}), 0);
}

TEST(Coordinates, AreShort) {
  EXPECT_EQ(coordinate(12.0), "12");
  EXPECT_EQ(coordinate(12.5), "12.5");
  EXPECT_EQ(coordinate(1.0 / 3.0), "0.33");
  EXPECT_EQ(coordinate(-0.001), "0");
  EXPECT_EQ(coordinate(100.0), "100");
}

TEST(Drawing, EscapesItsTexts) {
  EXPECT_NE(svg_text(1, 2, "a<b", "end", "tick").find("a&lt;b"), std::string::npos);
  EXPECT_NE(svg_drawing(3, 4, "\"x\"", "").find("aria-label=\"&quot;x&quot;\""), std::string::npos);
}

}  // namespace
}  // namespace fmnist
