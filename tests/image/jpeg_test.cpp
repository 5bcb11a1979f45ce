#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fmnist/image/picture.h"
#include "image/attacks.h"
#include "image/encoders.h"
#include "support/errors.h"

namespace fmnist {
namespace {

using namespace std::string_view_literals;
using ::testing::Each;

/// One colour all over: quality 100 keeps it to the last bit or next to it.
JpegSpec plain(J_COLOR_SPACE space, std::vector<std::uint8_t> color, unsigned width = 16,
               unsigned height = 8) {
  JpegSpec spec{.width = width,
                .height = height,
                .color_space = space,
                .components = static_cast<int>(color.size())};
  for (unsigned i = 0; i < width * height; ++i)
    spec.samples.insert(spec.samples.end(), color.begin(), color.end());
  return spec;
}

JpegSpec noisy(bool progressive) {
  JpegSpec spec{.width = 19, .height = 10, .color_space = JCS_RGB, .components = 3};
  for (unsigned i = 0; i < 19 * 10 * 3; ++i)
    spec.samples.push_back(static_cast<std::uint8_t>(i * i * 37 + i));
  spec.progressive = progressive;
  return spec;
}

/// EXIF data in the byte order `order` ("II" or "MM") that says nothing but the orientation.
std::string exif(std::string_view order, int orientation) {
  const bool little = order == "II";
  const auto number = [&](char low) { return little ? std::string{low, 0} : std::string{0, low}; };
  const auto wide = [&](char low) {
    return little ? number(low) + std::string(2, '\0') : std::string(2, '\0') + number(low);
  };
  const std::string tag = little ? std::string("\x12\x01") : std::string("\x01\x12");
  return std::string("Exif\0\0"sv) + std::string(order) + number(42) + wide(8) + number(1) + tag +
         number(3) + wide(1) + number(static_cast<char>(orientation)) + number(0) + wide(0);
}

TEST(Jpeg, ReadsGrey) {
  const Pictures read = decode_pictures(encode_jpeg(plain(JCS_GRAYSCALE, {77})), "file");
  EXPECT_EQ(read.count, 1U);
  EXPECT_EQ(read.width, 16U);
  EXPECT_EQ(read.height, 8U);
  EXPECT_FALSE(read.is_series);
  EXPECT_EQ(read.pixels.size(), 128U);
  EXPECT_THAT(read.pixels, Each(77));
}

TEST(Jpeg, TakesTheLumaOfColours) {
  EXPECT_THAT(decode_pictures(encode_jpeg(plain(JCS_RGB, {255, 0, 0})), "file").pixels, Each(76));
  EXPECT_THAT(decode_pictures(encode_jpeg(plain(JCS_RGB, {0, 0, 255})), "file").pixels, Each(29));
}

TEST(Jpeg, ReadsProgressiveFilesAsOthers) {
  EXPECT_EQ(decode_pictures(encode_jpeg(noisy(true)), "file").pixels,
            decode_pictures(encode_jpeg(noisy(false)), "file").pixels);
}

/// A picture stored as 32 x 16 of four greys (10 20 above, 30 40 below), with this orientation.
Pictures four_greys(std::string_view order, int orientation) {
  JpegSpec spec{.width = 32, .height = 16};
  for (unsigned row = 0; row < 16; ++row) {
    for (unsigned column = 0; column < 32; ++column)
      spec.samples.push_back(static_cast<std::uint8_t>(10 + 10 * (column / 16) + 20 * (row / 8)));
  }
  spec.exif = exif(order, orientation);
  return decode_pictures(encode_jpeg(spec), "file");
}

TEST(Jpeg, TurnsThePictureUpright) {
  // The greys one sees: upper left, upper right, lower left, lower right.
  const std::vector<std::vector<int>> expected = {
      {10, 20, 30, 40}, {20, 10, 40, 30}, {40, 30, 20, 10}, {30, 40, 10, 20},
      {10, 30, 20, 40}, {30, 10, 40, 20}, {40, 20, 30, 10}, {20, 40, 10, 30}};
  for (const std::string_view order : {"II", "MM"}) {
    for (int orientation = 1; orientation <= 8; ++orientation) {
      SCOPED_TRACE(orientation);
      const Pictures read = four_greys(order, orientation);
      ASSERT_EQ(read.width, orientation <= 4 ? 32U : 16U);
      ASSERT_EQ(read.height, orientation <= 4 ? 16U : 32U);
      const std::vector<int> corners = {read.pixels[0], read.pixels[read.width - 1],
                                        read.pixels[(read.height - 1) * read.width],
                                        read.pixels.back()};
      EXPECT_EQ(corners, expected[static_cast<std::size_t>(orientation - 1)]);
    }
  }
}

TEST(Jpeg, ToleratesOrientationsThatDoNotExist) {
  for (const int wrong : {0, 9, 127}) EXPECT_EQ(four_greys("II", wrong).width, 32U);
  for (std::size_t length = 1; length < exif("MM", 6).size(); ++length) {
    JpegSpec spec = plain(JCS_GRAYSCALE, {9});
    spec.exif = exif("MM", 6).substr(0, length);
    EXPECT_THAT(decode_pictures(encode_jpeg(spec), "file").pixels, Each(9));
  }
}

TEST(Jpeg, RefusesAFileCutAtAnyLength) {
  expect_refused_at_any_length(encode_jpeg(noisy(false)));
  expect_refused_at_any_length(encode_jpeg(noisy(true)));
  const std::string whole = encode_jpeg(noisy(false));
  expect_parts(refusal_of(whole.substr(0, whole.size() - 20)), {"JPEG", "cut short"});
}

TEST(Jpeg, RefusesOrReadsAFileWithFlippedBytes) {
  for (const bool progressive : {false, true})
    EXPECT_GT(refused_with_flipped_bytes(encode_jpeg(noisy(progressive))), 100);
}

TEST(Jpeg, RefusesTheColoursOfPrint) {
  expect_parts(refusal_of(encode_jpeg(plain(JCS_CMYK, {1, 2, 3, 4}))), {"CMYK", "RGB"});
}

TEST(Jpeg, RefusesAPictureOverTheLimit) {
  expect_parts(refusal_of(encode_jpeg(plain(JCS_GRAYSCALE, {1}, 65500, 2))),
               {"65500 x 2", "65536"});
}

TEST(Jpeg, RefusesEndlessScans) {
  JpegSpec spec = plain(JCS_GRAYSCALE, {100});
  spec.progressive = true;
  const std::string whole = encode_jpeg(spec);
  const std::string last_scan =
      whole.substr(whole.rfind("\xff\xda"), whole.size() - 2 - whole.rfind("\xff\xda"));
  const auto with_scans = [&](int count) {
    std::string bytes = whole.substr(0, whole.size() - 2);
    for (int i = 0; i < count; ++i) bytes += last_scan;
    return bytes + whole.substr(whole.size() - 2);
  };
  EXPECT_NO_THROW(decode_pictures(with_scans(50), "file"));
  expect_parts(refusal_of(with_scans(150)), {"100 scans"});
}

TEST(Jpeg, SaysWhatIsDamaged) {
  std::string bytes = encode_jpeg(noisy(false));
  bytes[bytes.find("\xff\xc0") + 4] = 12;  // bits per sample
  expect_parts(refusal_of(bytes), {"damaged JPEG file: ", "12"});
}

}  // namespace
}  // namespace fmnist
