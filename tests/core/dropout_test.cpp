#include "fmnist/core/dropout.h"

#include <gtest/gtest.h>

#include <cmath>

namespace fmnist {
namespace {

TEST(DropoutMask, IsPhiloxOfSeedStepPlaceAndUnit) {
  const DropoutMask mask = dropout_mask(0.375, 0xFEDCBA9876543210, 0x1234567890);
  EXPECT_EQ(mask.threshold, 0x60000000U);
  EXPECT_EQ(mask.scale, 1.6f);
  for (const std::uint32_t place : {0U, 1U, 59'999U}) {
    const auto factors = mask.factors(place);
    for (std::uint32_t unit = 0; unit < kHidden; ++unit) {
      const auto words = philox(
          {0x76543210, 0xFEDCBA98},
          {0x34567890, 0x12, place * 16 + unit / 4, static_cast<std::uint32_t>(Stream::kDropout)});
      ASSERT_EQ(factors[unit], words[unit % 4] < 0x60000000 ? 0.0f : 1.6f);
    }
  }
}

TEST(DropoutMask, DropsAtItsRateAndKeepsTheMean) {
  for (const double rate : {0.1, 0.5, 0.9}) {
    double dropped = 0.0;
    double sum = 0.0;
    constexpr std::uint32_t kImages = 8000;
    for (std::uint32_t place = 0; place < kImages; ++place) {
      for (const float factor : dropout_mask(rate, 1, 7).factors(place)) {
        dropped += factor == 0.0f;
        sum += factor;
      }
    }
    // Five standard deviations of 400,000 draws.
    const double deviation = 5 * std::sqrt(rate * (1 - rate) / (kImages * kHidden));
    EXPECT_NEAR(dropped / (kImages * kHidden), rate, deviation);
    EXPECT_NEAR(sum / (kImages * kHidden), 1.0, deviation / (1 - rate));
  }
}

TEST(DropoutMask, EndsOfTheRange) {
  EXPECT_EQ(dropout_mask(0.0, 1, 2).threshold, 0U);
  EXPECT_EQ(dropout_mask(0.0, 1, 2).scale, 1.0f);
  EXPECT_EQ(dropout_mask(1.0, 1, 2).threshold, 0xFFFFFFFFU);
  EXPECT_EQ(dropout_mask(1.0, 1, 2).scale, 0.0f);
}

}  // namespace
}  // namespace fmnist
