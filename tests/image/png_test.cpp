#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fmnist/image/picture.h"
#include "image/attacks.h"
#include "image/encoders.h"
#include "support/errors.h"

namespace fmnist {
namespace {

using ::testing::ElementsAre;

std::vector<std::uint8_t> pixels_of(const PngSpec& spec) {
  const Pictures read = decode_pictures(encode_png(spec), "file");
  EXPECT_EQ(read.count, 1U);
  EXPECT_EQ(read.width, spec.width);
  EXPECT_EQ(read.height, spec.height);
  EXPECT_FALSE(read.is_series);
  return read.pixels;
}

TEST(Png, ReadsGrey) {
  EXPECT_THAT(pixels_of({.width = 3, .height = 2, .samples = {0, 1, 2, 100, 254, 255}}),
              ElementsAre(0, 1, 2, 100, 254, 255));
}

TEST(Png, WeighsColoursAsLuma) {
  EXPECT_THAT(pixels_of({.width = 5,
                         .color_type = PNG_COLOR_TYPE_RGB,
                         .samples = {255, 0, 0,   //
                                     0, 255, 0,   //
                                     0, 0, 255,   //
                                     10, 20, 30,  //
                                     255, 255, 255}}),
              ElementsAre(76, 150, 29, 18, 255));  // 18.15 = 2.99 + 11.74 + 3.42
}

TEST(Png, ReadsSamplesOfOneTwoAndFourBits) {
  EXPECT_THAT(pixels_of({.width = 4, .bit_depth = 1, .samples = {0b10100000}}),
              ElementsAre(255, 0, 255, 0));
  EXPECT_THAT(pixels_of({.width = 4, .bit_depth = 2, .samples = {0b00011011}}),
              ElementsAre(0, 85, 170, 255));
  EXPECT_THAT(pixels_of({.width = 2, .bit_depth = 4, .samples = {0x1f}}), ElementsAre(17, 255));
}

TEST(Png, RoundsSamplesOfSixteenBits) {
  // 0x80ff is 128.496 of 255 parts of 65535, 0x8181 exactly 129.
  EXPECT_THAT(pixels_of({.width = 4,
                         .bit_depth = 16,
                         .samples = {0x80, 0xff, 0x81, 0x81, 0xff, 0xff, 0x00, 0x90}}),
              ElementsAre(128, 129, 255, 1));
}

TEST(Png, LooksColoursUpInThePalette) {
  EXPECT_THAT(pixels_of({.width = 2,
                         .color_type = PNG_COLOR_TYPE_PALETTE,
                         .samples = {1, 0},
                         .palette = {{0, 0, 255}, {255, 255, 255}}}),
              ElementsAre(255, 29));
}

TEST(Png, ShowsWhiteBehindADarkObject) {
  // Half of grey 40 over white: (40 * 128 + 255 * 127) / 255 = 147.08.
  EXPECT_THAT(pixels_of({.width = 3,
                         .color_type = PNG_COLOR_TYPE_GRAY_ALPHA,
                         .samples = {40, 255, 40, 128, 40, 0}}),
              ElementsAre(40, 147, 255));
}

TEST(Png, ShowsBlackBehindALightObject) {
  EXPECT_THAT(pixels_of({.width = 3,
                         .color_type = PNG_COLOR_TYPE_RGB_ALPHA,
                         .samples = {200, 200, 200, 255, 200, 200, 200, 128, 0, 0, 0, 0}}),
              ElementsAre(200, 100, 0));
}

TEST(Png, ShowsBlackWhereNothingIsVisible) {
  EXPECT_THAT(
      pixels_of({.width = 2, .color_type = PNG_COLOR_TYPE_GRAY_ALPHA, .samples = {9, 0, 200, 0}}),
      ElementsAre(0, 0));
}

TEST(Png, TakesTransparencyOfThePalette) {
  EXPECT_THAT(pixels_of({.width = 2,
                         .color_type = PNG_COLOR_TYPE_PALETTE,
                         .samples = {0, 1},
                         .palette = {{10, 10, 10}, {10, 10, 10}},
                         .palette_alpha = {255, 0}}),
              ElementsAre(10, 255));
}

TEST(Png, ReadsInterlacedRowsAsTheyStand) {
  PngSpec spec{.width = 11, .height = 9, .color_type = PNG_COLOR_TYPE_GRAY};
  for (std::uint8_t pixel = 0; pixel < 99; ++pixel) spec.samples.push_back(pixel);
  spec.interlaced = true;
  EXPECT_EQ(pixels_of(spec), spec.samples);
}

PngSpec noisy(bool interlaced) {
  PngSpec spec{.width = 9, .height = 7, .color_type = PNG_COLOR_TYPE_RGB_ALPHA};
  for (unsigned i = 0; i < 9 * 7 * 4; ++i)
    spec.samples.push_back(static_cast<std::uint8_t>(i * i * 37 + i));
  spec.interlaced = interlaced;
  return spec;
}

TEST(Png, RefusesAFileCutAtAnyLength) {
  expect_refused_at_any_length(encode_png(noisy(false)));
  expect_refused_at_any_length(encode_png(noisy(true)));
  const std::string whole = encode_png(noisy(false));
  expect_parts(refusal_of(whole.substr(0, whole.size() / 2)), {"PNG", "cut short"});
}

TEST(Png, RefusesOrReadsAFileWithFlippedBytes) {
  // Every chunk has a checksum; only ancillary flags of the header may pass.
  const std::string whole = encode_png(noisy(true));
  EXPECT_GT(refused_with_flipped_bytes(whole), static_cast<int>(whole.size()) * 7 / 2);
}

TEST(Png, RefusesAHugePictureBeforeTakingMemoryForIt) {
  PngSpec spec{.width = 300, .height = 300, .samples = std::vector<std::uint8_t>(90000)};
  expect_parts(refusal_of(encode_png(spec)), {"300 x 300", "65536"});
  EXPECT_EQ(decode_pictures(encode_png(spec), "file").pixels.size(), 90000U);
  // The largest size there is, 2^31 - 1 in both directions, with its right checksum; the first
  // chunk of data follows, since libpng goes on up to there.
  const auto bytes_of = [](auto&... literal) {
    return (std::string(literal, sizeof(literal) - 1) + ...);
  };
  const std::string huge =
      bytes_of("\x89PNG\r\n\x1a\n", "\0\0\0\rIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff\x10\6\0\0\0",
               "\x44\x59\xd7\x25", "\0\0\0\1IDAT");
  expect_parts(error_of(ErrorKind::kData, [&] { decode_pictures(huge, "file"); }),
               {"2147483647 x 2147483647", "64000000"});
}

TEST(Png, SaysWhatIsDamaged) {
  std::string bytes = encode_png(noisy(false));
  bytes[bytes.find("IDAT") + 8] ^= 0x20;
  expect_parts(refusal_of(bytes), {"damaged PNG file: "});
}

}  // namespace
}  // namespace fmnist
