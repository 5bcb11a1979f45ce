#include "fmnist/sweep/space.h"

#include <gtest/gtest.h>

#include "fmnist/core/random.h"
#include "support/errors.h"

namespace fmnist {
namespace {

using Values = std::vector<std::string>;

std::string refusal(std::string_view text) {
  return error_of(ErrorKind::kUsage, [&] { parse_dimension(text); });
}

TEST(SpaceTest, AListGivesItsValuesAsTheOptionWritesThem) {
  EXPECT_EQ(parse_dimension("lr=0.005,1e-2,0.020").values, (Values{"0.005", "0.01", "0.02"}));
  EXPECT_EQ(parse_dimension("lr-schedule=constant,cosine").values, (Values{"constant", "cosine"}));
  EXPECT_EQ(parse_dimension("nesterov=true,false").values, (Values{"true", "false"}));
  EXPECT_EQ(parse_dimension("batch_size=32").values, (Values{"32"}));
  EXPECT_EQ(parse_dimension("train-limit=100,200").values, (Values{"100", "200"}));
}

TEST(SpaceTest, ALogarithmicRangeRisesByAFactor) {
  EXPECT_EQ(parse_dimension("lr=0.001..0.1:log:3").values, (Values{"0.001", "0.01", "0.1"}));
  EXPECT_EQ(parse_dimension("lr=0.01..0.02:log:3").values, (Values{"0.01", "0.0141421", "0.02"}));
}

TEST(SpaceTest, ALinearRangeRisesByAStep) {
  EXPECT_EQ(parse_dimension("momentum=0..0.9:lin:4").values, (Values{"0", "0.3", "0.6", "0.9"}));
  EXPECT_EQ(parse_dimension("epochs=2..10:lin:5").values, (Values{"2", "4", "6", "8", "10"}));
}

TEST(SpaceTest, TheEndsOfARangeAreExact) {
  const Dimension dimension = parse_dimension("lr=0.0123456789..0.123456789:lin:2");
  EXPECT_EQ(dimension.values, (Values{"0.0123456789", "0.123456789"}));
}

TEST(SpaceTest, DrawsLieInTheRangeAndFillIt) {
  for (const char* text : {"lr=0.001..0.1:log", "momentum=0.5..0.9:lin"}) {
    const Dimension dimension = parse_dimension(text);
    ASSERT_TRUE(dimension.values.empty());
    ASSERT_LT(dimension.low, dimension.high);
    int below_middle = 0;
    const double middle = dimension.logarithmic ? 0.01 : 0.7;
    for (std::uint32_t i = 0; i < 1000; ++i) {
      const double value = std::stod(draw(dimension, random_bits(0, Stream::kSearch, 0, i)));
      EXPECT_GE(value, dimension.low);
      EXPECT_LE(value, dimension.high);
      below_middle += value < middle ? 1 : 0;
    }
    EXPECT_NEAR(below_middle, 500, 80) << text;  // 5 standard deviations
  }
  EXPECT_EQ(draw(parse_dimension("lr=0.001..0.1:log"), 0), "0.001");
}

TEST(SpaceTest, DrawsOfAnIntegerOptionAreIntegers) {
  const Dimension dimension = parse_dimension("batch-size=16..256:log");
  for (std::uint32_t i = 0; i < 100; ++i) {
    const std::string value = draw(dimension, random_bits(0, Stream::kSearch, 0, i));
    EXPECT_EQ(value.find_first_not_of("0123456789"), std::string::npos) << value;
  }
}

TEST(SpaceTest, AWrongNameIsRefusedWithTheWayOut) {
  expect_parts(refusal("lr"), {"NAME=VALUES", "'lr'"});
  expect_parts(refusal("=1"), {"NAME=VALUES"});
  expect_parts(refusal("momentun=0.5"), {"no option 'momentun'"});
  expect_parts(refusal("seed=1,2"), {"does not take seed"});
  expect_parts(refusal("val-split=100"), {"val-split", "same number of images"});
  expect_parts(refusal("threads=1,2"), {"threads", "changes no trained network"});
  try {
    parse_dimension("momentun=0.5");
  } catch (const Error& error) {
    EXPECT_EQ(error.hint(), "did you mean momentum?");
  }
  try {
    parse_dimension("seed=1");
  } catch (const Error& error) {
    EXPECT_NE(error.hint().find("--seeds N"), std::string::npos);
  }
}

TEST(SpaceTest, WrongValuesAreRefusedInTheOptionsOwnWords) {
  expect_parts(refusal("lr=0.01,-1"), {"--lr takes a number from 0 to 1000000, not '-1'"});
  expect_parts(refusal("lr=0.01,,0.02"), {"--lr", "''"});
  expect_parts(refusal("lr=nan"), {"--lr", "'nan'"});
  expect_parts(refusal("epochs=1.5"), {"--epochs takes an integer"});
  expect_parts(refusal("lr-schedule=constant,sine"), {"constant|linear|cosine|step", "'sine'"});
  expect_parts(refusal("momentum=0.5..2:lin:3"), {"--momentum", "'2'"});
  expect_parts(refusal("lr="), {"names no values"});
  expect_parts(refusal("lr=0.01,1e-2"), {"0.01", "twice"});
}

TEST(SpaceTest, WrongRangesAreRefused) {
  expect_parts(refusal("lr=0.1..0.01:log:3"), {"does not rise", "0.1", "0.01"});
  expect_parts(refusal("lr=0.1..0.1:lin:3"), {"does not rise"});
  expect_parts(refusal("lr=0..0.1:log:3"), {"logarithmic", "0"});
  expect_parts(refusal("lr=0.01..0.1"), {"LOW..HIGH:log"});
  expect_parts(refusal("lr=0.01..0.1:log:3:4"), {"LOW..HIGH:log"});
  expect_parts(refusal("lr=0.01..0.1:exp:3"), {"log or lin, not 'exp'"});
  expect_parts(refusal("lr=0.01..0.1:log:1"), {"integer from 2 to 100000", "'1'"});
  expect_parts(refusal("lr=0.01..0.1:log:x"), {"integer from 2 to 100000", "'x'"});
  expect_parts(refusal("lr=0.01..0.1:log:200000"), {"integer from 2 to 100000"});
  expect_parts(refusal("lr-schedule=constant..step:lin:2"), {"no range", "no numbers"});
  expect_parts(refusal("epochs=1..3:lin:9"), {"twice"});
}

}  // namespace
}  // namespace fmnist
