#include "fmnist/core/parameters.h"

#include <gtest/gtest.h>

#include <limits>

namespace fmnist {
namespace {

TEST(Parameters, TensorsFollowEachOtherWithoutGapsAndFitTheirShapes) {
  std::size_t offset = 0;
  for (const ParameterInfo& info : kParameters) {
    std::int64_t product = 1;
    for (const std::int64_t dim : info.shape()) product *= dim;
    EXPECT_EQ(info.size, static_cast<std::size_t>(product)) << info.name;
    EXPECT_EQ(info.offset, offset) << info.name;
    offset += info.size;
  }
  EXPECT_EQ(offset, kParameterCount);
}

TEST(Parameters, StartAtZeroAndTensorsAreViews) {
  Parameters parameters;
  EXPECT_EQ(parameters.values, std::vector<float>(21840, 0.0F));
  parameters.tensor(7)[9] = 3.0F;  // the last number of fc2.bias
  EXPECT_EQ(parameters.values.back(), 3.0F);
  parameters.tensor(1)[0] = 2.0F;  // the first of conv1.bias
  EXPECT_EQ(parameters.values[250], 2.0F);
}

// SHA-256 over the little-endian floats, computed in Python with struct and hashlib.
TEST(Fingerprint, IsTheSha256OfTheLittleEndianFloats) {
  Parameters parameters;
  EXPECT_EQ(fingerprint(parameters),
            "5eeebb387c653edf078936717fe73ab356c94e92787c20b36f9cbabf9f87ee82");
  for (std::size_t i = 0; i < kParameterCount; ++i) {
    parameters.values[i] = 0.5F * static_cast<float>(i);
  }
  EXPECT_EQ(fingerprint(parameters),
            "9eeeeaad2c4119b91bd35364077672d3356871525d2da02043372593eb540fba");
}

TEST(Fingerprint, TellsZeroFromMinusZero) {
  Parameters parameters;
  parameters.values[100] = -0.0F;
  EXPECT_NE(fingerprint(parameters), fingerprint(Parameters{}));
}

TEST(AllFinite, FindsASingleNanOrInfinityAnywhere) {
  EXPECT_TRUE(all_finite(Parameters{}));
  for (const std::size_t place : {std::size_t{0}, std::size_t{12345}, kParameterCount - 1}) {
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
          -std::numeric_limits<float>::infinity()}) {
      Parameters parameters;
      parameters.values[place] = bad;
      EXPECT_FALSE(all_finite(parameters)) << place << " " << bad;
    }
  }
  Parameters parameters;
  parameters.values[5] = std::numeric_limits<float>::max();
  EXPECT_TRUE(all_finite(parameters));
}

}  // namespace
}  // namespace fmnist
