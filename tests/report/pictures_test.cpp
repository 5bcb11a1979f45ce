#include "report/pictures.h"

#include <gtest/gtest.h>

#include "fmnist/data/split.h"

namespace fmnist {
namespace {

TEST(MapPicture, LaysOutMapsWithTransparentPixelsBetween) {
  // Three maps of 2 x 2 in rows of two: 5 x 5 pixels of grey and alpha.
  const std::vector<float> maps = {0, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 2};
  const Picture picture = map_picture(maps, 2, 2);
  EXPECT_EQ(picture.width, 5);
  EXPECT_EQ(picture.height, 5);
  EXPECT_EQ(picture.channels, 2);
  const auto grey = [&](int row, int column) { return picture.pixels[(row * 5 + column) * 2]; };
  const auto alpha = [&](int row, int column) {
    return picture.pixels[(row * 5 + column) * 2 + 1];
  };
  EXPECT_EQ(grey(0, 1), 64);   // a quarter of the largest of all
  EXPECT_EQ(grey(1, 1), 191);  // 3
  EXPECT_EQ(grey(0, 3), 255);  // 4
  EXPECT_EQ(grey(4, 1), 128);  // 2, of the third map
  EXPECT_EQ(alpha(1, 1), 255);
  EXPECT_EQ(alpha(0, 2), 0);  // between two maps
  EXPECT_EQ(alpha(2, 0), 0);
  EXPECT_EQ(alpha(3, 3), 0);  // there is no fourth map
}

TEST(WeightPicture, IsOrangeAboveZeroBlueBelowAndStrongerFartherFromIt) {
  const Picture picture = weight_picture(std::vector<float>{2, -1, 0, 0.5f}, 2, 2);
  const std::vector<std::uint8_t> expected = {213, 94,  0,   255, 0,   114, 178, 128,
                                              0,   114, 178, 0,   213, 94,  0,   64};
  EXPECT_EQ(picture.pixels, expected);
}

TEST(WeightPicture, OfZerosIsClear) {
  EXPECT_EQ(weight_picture(std::vector<float>{0}, 1, 0).pixels.back(), 0);
}

TEST(PictureData, HoldsThePictureAndItsSize) {
  const nlohmann::json data = to_json(grey_picture(std::vector<std::uint8_t>(kImagePixels)));
  EXPECT_EQ(data["width"], 28);
  EXPECT_EQ(data["height"], 28);
  EXPECT_TRUE(data["png"].get<std::string>().starts_with("iVBORw0KGgo")) << data;
}

}  // namespace
}  // namespace fmnist
