#include "fmnist/data/idx.h"

#include <gtest/gtest.h>

#include "support/errors.h"
#include "support/idx_writer.h"

namespace fmnist {
namespace {

std::string error_for(std::string_view bytes) {
  return error_of(ErrorKind::kData, [&] { parse_idx(bytes, "the/file"); });
}

TEST(ParseIdx, ReadsDimensionsAndPayload) {
  const IdxArray array = parse_idx(idx_bytes({2, 1, 3}, {1, 2, 3, 253, 254, 255}), "file");
  EXPECT_EQ(array.dims, (std::vector<std::uint32_t>{2, 1, 3}));
  EXPECT_EQ(array.values, (std::vector<std::uint8_t>{1, 2, 3, 253, 254, 255}));
}

TEST(ParseIdx, ReadsBigEndianDimensions) {
  const std::vector<std::uint8_t> values(0x010203, 7);
  EXPECT_EQ(parse_idx(idx_bytes({0x010203}, values), "file").dims.front(), 0x010203U);
}

TEST(ParseIdx, AcceptsADimensionOfZero) {
  EXPECT_TRUE(parse_idx(idx_bytes({0, 28, 28}, {}), "file").values.empty());
  // The product is zero whatever the others are.
  EXPECT_TRUE(
      parse_idx(idx_bytes({0xffffffff, 0xffffffff, 0xffffffff, 0}, {}), "f").values.empty());
}

TEST(ParseIdx, RefusesAFileCutAtAnyLength) {
  const std::string whole = idx_bytes({4, 3, 2}, std::vector<std::uint8_t>(24, 5));
  for (std::size_t length = 1; length < whole.size(); ++length) {
    SCOPED_TRACE(length);
    // On the heap and of this very size, so that the sanitizer sees a byte read beyond it.
    const std::vector<char> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    expect_parts(
        error_for({cut.data(), cut.size()}),
        {"'the/file'", length < 16 ? "is cut short within its IDX header" : "is cut short:",
         std::to_string(length)});
  }
  EXPECT_EQ(parse_idx(whole, "file").values.size(), 24U);
}

TEST(ParseIdx, NamesTheSizeItExpectedAndFound) {
  const std::string whole = idx_bytes({4, 3, 2}, std::vector<std::uint8_t>(24, 5));
  expect_parts(error_for(whole.substr(0, 39)), {"39 bytes", "4 x 3 x 2", "40"});
}

TEST(ParseIdx, RefusesAnythingAfterThePayload) {
  const std::string whole = idx_bytes({4, 3, 2}, std::vector<std::uint8_t>(24, 5));
  expect_parts(error_for(whole + '\0'), {"'the/file'", "is too long", "41 bytes", "40"});
  expect_parts(error_for(whole + whole), {"is too long", "80 bytes"});
}

TEST(ParseIdx, RefusesAnEmptyFile) { expect_parts(error_for(""), {"'the/file'", "is empty"}); }

TEST(ParseIdx, RefusesAnotherMagicNumber) {
  std::string bytes = idx_bytes({2}, {1, 2});
  bytes[1] = 1;
  expect_parts(error_for(bytes), {"'the/file'", "not an IDX file", "00 01 08 01"});
  expect_parts(error_for("<html><head>404"), {"not an IDX file", "3c 68 74 6d"});
}

TEST(ParseIdx, RefusesOtherElementTypes) {
  for (const int type : {0x00, 0x07, 0x09, 0x0b, 0x0c, 0x0d, 0x0e, 0xff}) {
    std::string bytes = idx_bytes({2}, {1, 2});
    bytes[2] = static_cast<char>(type);
    expect_parts(error_for(bytes), {"'the/file'", "of type 0x", "expected 0x08"});
  }
}

TEST(ParseIdx, RefusesAFileWithoutDimensions) {
  expect_parts(error_for(idx_bytes({}, {})), {"without dimensions"});
  expect_parts(error_for(idx_bytes({}, {1})), {"without dimensions"});
}

TEST(ParseIdx, SaysThatCompressedBytesAreCompressed) {
  expect_parts(error_for(gzip(idx_bytes({2}, {1, 2}))), {"'the/file'", "gzip"});
}

// Each product is 24 in 32 or in 64 bits of arithmetic that wraps around.
TEST(ParseIdx, IsNotFooledByAProductThatOverflows) {
  const std::vector<std::uint8_t> values(24, 5);
  expect_parts(error_for(idx_bytes({0x20000003, 8}, values)), {"is cut short", "4294967332"});
  expect_parts(error_for(idx_bytes({0x80000000, 0x80000000, 4, 1}, {})),
               {"more bytes than a file can hold"});
  expect_parts(error_for(idx_bytes(std::vector<std::uint32_t>(255, 0xffffffff), values)),
               {"more bytes than a file can hold"});
  // 2^64 − 1 as a payload fits, with the header it does not: 4294967297 x 4294967295.
  expect_parts(error_for(idx_bytes({641, 6700417, 0xffffffff}, values)),
               {"more bytes than a file can hold"});
}

TEST(ParseIdx, NeverReadsOutsideWhenAnyByteOfTheHeaderIsAnother) {
  const std::string whole = idx_bytes({4, 3, 2}, std::vector<std::uint8_t>(24, 5));
  for (std::size_t place = 0; place < 16; ++place) {
    for (int flip = 1; flip < 256; ++flip) {
      std::string bytes = whole;
      bytes[place] = static_cast<char>(bytes[place] ^ flip);
      EXPECT_THROW(parse_idx(bytes, "file"), Error) << place << " " << flip;
    }
  }
}

}  // namespace
}  // namespace fmnist
