#include "fmnist/core/random.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <set>

namespace fmnist {
namespace {

using Words = std::array<std::uint32_t, 4>;
constexpr std::uint32_t kOnes = std::numeric_limits<std::uint32_t>::max();

// Known answers of Random123 1.14 (tests/kat_vectors), the reference implementation of the paper.
TEST(Philox, GivesTheReferenceImplementationsKnownAnswers) {
  EXPECT_EQ(philox({0, 0}, {0, 0, 0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({kOnes, kOnes}, {kOnes, kOnes, kOnes, kOnes}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0xa4093822, 0x299f31d0}, {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

// Computed with an implementation in Python; a change breaks every resumed run.
TEST(RandomBits, StaysAsItIs) {
  EXPECT_EQ(random_bits(0, Stream::kOrder, 0, 0), 0x2dce73e51348e23f);
  EXPECT_EQ(random_bits(0x123456789abcdef0, Stream::kDropout, 5, 0x100000007), 0xaafc427ca057508a);
}

TEST(RandomBits, DependsOnEveryBitOfEveryArgument) {
  std::set<std::uint64_t> seen = {random_bits(0, Stream::kOrder, 0, 0),
                                  random_bits(0, Stream::kValSplit, 0, 0),
                                  random_bits(0, Stream::kDropout, 0, 0)};
  for (int bit = 0; bit < 64; ++bit) {
    const std::uint64_t value = std::uint64_t{1} << bit;
    seen.insert(random_bits(value, Stream::kOrder, 0, 0));
    seen.insert(random_bits(0, Stream::kOrder, 0, value));
    if (bit < 32) {
      seen.insert(random_bits(0, Stream::kOrder, static_cast<std::uint32_t>(value), 0));
    }
  }
  EXPECT_EQ(seen.size(), 3U + 64 + 64 + 32);
}

TEST(Bounded, MapsTheWholeRangeOntoZeroToBound) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(bounded(0, 60000), 0U);
  EXPECT_EQ(bounded(kMost, 60000), 59999U);
  EXPECT_EQ(bounded(kMost / 2, 60000), 29999U);
  EXPECT_EQ(bounded(kMost / 2 + 1, 60000), 30000U);
  EXPECT_EQ(bounded(kMost, 1), 0U);
  EXPECT_EQ(bounded(kMost, kMost), kMost - 1);
}

TEST(Bounded, SpreadsRandomBitsEvenly) {
  std::array<int, 10> counts{};
  for (std::uint64_t i = 0; i < 100000; ++i) {
    ++counts[bounded(random_bits(1, Stream::kOrder, 1, i), counts.size())];
  }
  double chi_squared = 0.0;
  for (const int count : counts) chi_squared += (count - 10000.0) * (count - 10000.0) / 10000.0;
  EXPECT_LT(chi_squared, 27.88);  // 9 degrees of freedom, p = 0.001; the numbers are fixed
}

}  // namespace
}  // namespace fmnist
