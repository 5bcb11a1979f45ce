#include "fmnist/image/picture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "image/attacks.h"
#include "image/encoders.h"
#include "support/errors.h"
#include "support/idx_writer.h"
#include "support/temporary_directory.h"

namespace fmnist {
namespace {

using namespace std::string_literals;
using ::testing::ElementsAre;

std::vector<std::uint8_t> pixels_of(const std::string& bytes) {
  return decode_pictures(bytes, "file", kTestLimits).pixels;
}

TEST(Pgm, ReadsText) {
  const Pictures read =
      decode_pictures("P2\n# a comment\n3 2 # more\n100\n0 50 100\n1 2\t99\n", "f");
  EXPECT_EQ(read.width, 3U);
  EXPECT_EQ(read.height, 2U);
  EXPECT_THAT(read.pixels, ElementsAre(0, 128, 255, 3, 5, 252));  // 2.55, 5.1, 252.45
}

TEST(Pgm, ReadsBytes) {
  EXPECT_THAT(pixels_of("P5 2 2 255\n\0\x7f\xff#"s), ElementsAre(0, 127, 255, '#'));
}

TEST(Pgm, ReadsSixteenBits) {
  EXPECT_THAT(pixels_of("P5 2 1 65535\n\xff\xff\x80\xff"s), ElementsAre(255, 128));
  EXPECT_THAT(pixels_of("P5 2 1 256\n\1\0\0\x80"s), ElementsAre(255, 128));  // 127.5 rounds up
}

TEST(Pgm, RefusesAFileCutAtAnyLength) {
  expect_refused_at_any_length("P5\n# comment\n3 2\n255\n\1\2\3\4\5\6"s);
  expect_refused_at_any_length("P5 2 2 65535\n\1\2\3\4\5\6\7\x08"s);
  expect_refused_at_any_length("P2\n3 2\n255\n10 20 30 40 50 6"s);
}

TEST(Pgm, RefusesNumbersThatAreNone) {
  for (const char* bytes :
       {"P5 x 2 255\n", "P5 -3 2 255\n", "P5 3 2 255x\n", "P53 2 255\n\1\2\3\4\5\6\7",
        "P5 99999999999999999999 2 255\n", "P2 2 1 255\n1 0x2  ", "P2 2 1 255\n1,2  "}) {
    refusal_of(bytes);
  }
}

TEST(Pgm, RefusesPixelsLighterThanWhite) {
  expect_parts(refusal_of("P2 2 1 100\n1 101 "), {"damaged", "101", "100"});
  expect_parts(refusal_of("P5 1 1 100\nz"), {"122", "100"});
}

TEST(Pgm, RefusesALargestGreyOutOfRange) {
  expect_parts(refusal_of("P5 1 1 0\n\1"), {"largest grey is 0"});
  expect_parts(refusal_of("P5 1 1 65536\n\1\1\1"), {"largest grey is 65536", "65535"});
}

TEST(Pgm, RefusesSizesBeforeTakingMemoryForThem) {
  expect_parts(refusal_of("P5 2147483647 2147483647 255\n\1"), {"2147483647 x 2147483647"});
  expect_parts(refusal_of("P2 200 300 255\n1 2 3"), {"cut short", "120000"});
  expect_parts(refusal_of("P5 0 3 255\n"), {"0 x 3"});
}

TEST(Pgm, RefusesOrReadsAFileWithFlippedBytes) {
  EXPECT_GT(refused_with_flipped_bytes("P5 3 2 255\n\1\2\3\4\5\6"s), 20);
  EXPECT_GT(refused_with_flipped_bytes("P2 3 2 255\n1 20 3 40 5 60\n"s), 40);
}

TEST(IdxPictures, ReadsEveryPicture) {
  const Pictures read = decode_pictures(idx_bytes({2, 1, 3}, {1, 2, 3, 4, 5, 6}), "file");
  EXPECT_EQ(read.count, 2U);
  EXPECT_EQ(read.height, 1U);
  EXPECT_EQ(read.width, 3U);
  EXPECT_TRUE(read.is_series);
  EXPECT_THAT(read.picture(1), ElementsAre(4, 5, 6));
}

TEST(IdxPictures, ReadsACompressedFile) {
  EXPECT_THAT(pixels_of(gzip(idx_bytes({1, 1, 3}, {1, 2, 3}))), ElementsAre(1, 2, 3));
}

TEST(IdxPictures, RefusesWhatCompressesMoreThanTheLimit) {
  const std::vector<std::uint8_t> zeros((1 << 20) + 1);
  expect_parts(refusal_of(gzip(idx_bytes({1, 1, static_cast<std::uint32_t>(zeros.size())}, zeros))),
               {"inflates to more than"});
}

TEST(IdxPictures, RefusesAFileCutAtAnyLength) {
  expect_refused_at_any_length(idx_bytes({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST(IdxPictures, RefusesLabelsAndEmptyPictures) {
  expect_parts(refusal_of(idx_bytes({3}, {1, 2, 3})),
               {"1 dimension,", "pictures x height x width"});
  expect_parts(refusal_of(idx_bytes({0, 28, 28}, {})), {"without a picture"});
  expect_parts(refusal_of(idx_bytes({5, 0, 28}, {})), {"28 x 0"});
}

TEST(IdxPictures, RefusesMorePixelsThanTheLimit) {
  expect_parts(refusal_of(idx_bytes({9, 100, 100}, std::vector<std::uint8_t>(90000))),
               {"90000 pixels", "65536"});
}

TEST(DecodePictures, SaysThatItDoesNotKnowTheFile) {
  for (const auto& bytes : {"GIF89a"s, "RIFF\0\0\0\0WEBP"s, "P6 1 1 255\n\1\2\3"s, "hello"s, "\n"s})
    expect_parts(refusal_of(bytes), {"is not a PNG, JPEG, PGM (P2, P5) or IDX file"});
  expect_parts(refusal_of(""), {"is empty"});
}

TEST(DecodePictures, RefusesAFileOverTheLimit) {
  const std::string large((1 << 20) + 1, 'P');
  expect_parts(refusal_of(large), {"1048577 bytes", "1 MB"});
}

TEST(ReadPictures, GoesByTheContentNotTheName) {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "shoe.jpg";
  write_bytes(path, encode_png({.width = 2, .samples = {7, 8}}));
  EXPECT_THAT(read_pictures(path).pixels, ElementsAre(7, 8));
}

TEST(ReadPictures, LooksAtTheSizeBeforeReading) {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "large.png";
  write_bytes(path, "");
  std::filesystem::resize_file(path, std::uintmax_t{1} << 40);  // sparse: more than memory
  expect_parts(error_of(ErrorKind::kData, [&] { read_pictures(path); }),
               {"large.png", "1099511627776 bytes", "256 MB"});
}

TEST(ReadPictures, NamesAFileThatCannotBeRead) {
  expect_parts(error_of(ErrorKind::kData, [] { read_pictures("no/such.png"); }),
               {"'no/such.png'", "No such file"});
  expect_parts(error_of(ErrorKind::kData, [] { read_pictures("/"); }), {"'/'", "directory"});
}

}  // namespace
}  // namespace fmnist
