#include "fmnist/image/png_writer.h"

#include <gtest/gtest.h>

#include "fmnist/core/error.h"
#include "fmnist/image/picture.h"
#include "support/errors.h"

namespace fmnist {
namespace {

TEST(PngWriter, WritesGreyPicturesThatReadBackAsTheSame) {
  const std::vector<std::uint8_t> pixels = {0, 1, 2, 253, 254, 255};
  const Pictures read = decode_pictures(encode_png({pixels, 3, 2, 1}), "written");
  EXPECT_EQ(read.width, 3u);
  EXPECT_EQ(read.height, 2u);
  EXPECT_EQ(read.pixels, pixels);
}

TEST(PngWriter, WritesEveryNumberOfChannels) {
  constexpr int kColourType = 25;  // offset in the file: signature, IHDR's length and name, sizes
  for (const auto& [channels, type] : {std::pair{1, 0}, {2, 4}, {3, 2}, {4, 6}}) {
    const std::vector<std::uint8_t> pixels(static_cast<std::size_t>(2 * channels), 200);
    const std::string png = encode_png({pixels, 2, 1, channels});
    EXPECT_EQ(png.substr(0, 4), "\x89PNG");
    EXPECT_EQ(png.at(kColourType), type);
    const auto grey = decode_pictures(png, "written").pixels;
    // All samples are 200: three quarters visible shows little of the ground behind it.
    for (const std::uint8_t pixel : grey) EXPECT_GE(pixel, 150) << channels;
  }
}

TEST(PngWriter, RefusesASizeThatDoesNotFit) {
  for (const auto& [width, height, channels] :
       {std::tuple{2, 2, 1}, {3, 1, 2}, {0, 3, 1}, {3, -1, 1}, {1, 3, 0}, {1, 1, 5}}) {
    expect_parts(error_of(ErrorKind::kRuntime,
                          [&] {
                            encode_png({{1, 2, 3}, width, height, channels});
                          }),
                 {"PNG", "size"});
  }
}

}  // namespace
}  // namespace fmnist
