#include "fmnist/image/png_writer.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "fmnist/image/picture.h"

namespace fmnist {
namespace {

TEST(PngWriterTest, GreyPixelsComeBack) {
  const std::vector<std::uint8_t> pixels = {0, 1, 127, 128, 254, 255};
  const Pictures read = decode_pictures(encode_png(pixels, 3, 2, 1), "file");
  EXPECT_EQ(read.width, 3u);
  EXPECT_EQ(read.height, 2u);
  EXPECT_EQ(read.pixels, pixels);
}

TEST(PngWriterTest, ColoursComeBackAsTheirGrey) {
  const Pictures read =
      decode_pictures(encode_png({9, 9, 9, 200, 200, 200, 255, 0, 0}, 1, 3, 3), "file");
  EXPECT_EQ(read.width, 1u);
  EXPECT_EQ(read.height, 3u);
  EXPECT_EQ(read.pixels[0], 9);
  EXPECT_EQ(read.pixels[1], 200);
  EXPECT_NEAR(read.pixels[2], 0.299 * 255, 1);
}

TEST(PngWriterTest, PixelsThatDoNotFitAreRefused) {
  EXPECT_THROW(encode_png({1, 2, 3}, 2, 2, 1), std::invalid_argument);
  EXPECT_THROW(encode_png({1, 2, 3, 4}, 1, 2, 2), std::invalid_argument);
  EXPECT_THROW(encode_png({}, 0, 0, 1), std::invalid_argument);
}

}  // namespace
}  // namespace fmnist
