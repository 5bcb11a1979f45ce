#include "fmnist/image/fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "support/idx_writer.h"

namespace fmnist {
namespace {

using ::testing::Each;

constexpr std::size_t kSide = kImageSide;

std::uint8_t at(const FittedPicture& fitted, std::size_t row, std::size_t column) {
  return fitted.pixels[row * kSide + column];
}

FittedPicture fit(const std::vector<std::uint8_t>& pixels, std::size_t height, std::size_t width,
                  Inversion inversion = Inversion::kNo) {
  return fit_picture(pixels, height, width, inversion);
}

TEST(FitPicture, LeavesAPictureOfTheRightSizeAsItIs) {
  const Split split = learnable_split(20, 1);
  for (std::size_t image = 0; image < split.size(); ++image) {
    const FittedPicture fitted = fit_picture(split.image(image), kSide, kSide, Inversion::kAuto);
    EXPECT_FALSE(fitted.inverted) << image;
    EXPECT_TRUE(std::ranges::equal(fitted.pixels, split.image(image))) << image;
  }
}

TEST(FitPicture, AveragesBlocksWhenItShrinksByAWholeNumber) {
  std::vector<std::uint8_t> pixels(56 * 56);
  pixels[0] = 10;  // (10 + 20 + 30 + 41) / 4 = 25.25
  pixels[1] = 20;
  pixels[56] = 30;
  pixels[57] = 41;
  pixels[55] = 2;           // 2 / 4 = 0.5 rounds up
  pixels[56 * 56 - 1] = 1;  // 1 / 4 rounds down
  const FittedPicture fitted = fit(pixels, 56, 56);
  EXPECT_EQ(at(fitted, 0, 0), 25);
  EXPECT_EQ(at(fitted, 0, 27), 1);
  EXPECT_EQ(at(fitted, 27, 27), 0);
  EXPECT_EQ(at(fitted, 1, 1), 0);
}

TEST(FitPicture, SharesPixelsThatLieAcrossAnEdge) {
  // 42 pixels on 28 cells: each covers 1.5, so the second is half in the first cell, half in the
  // next one.
  std::vector<std::uint8_t> pixels(42 * 42);
  for (std::size_t row = 0; row < 42; ++row) pixels[row * 42 + 1] = 90;
  const FittedPicture fitted = fit(pixels, 42, 42);
  EXPECT_EQ(at(fitted, 5, 0), 30);  // 90 * 0.5 / 1.5
  EXPECT_EQ(at(fitted, 5, 1), 30);
  EXPECT_EQ(at(fitted, 5, 2), 0);
}

TEST(FitPicture, KeepsTheMeanWhenItShrinks) {
  std::vector<std::uint8_t> pixels(101 * 101);
  for (std::size_t i = 0; i < pixels.size(); ++i)
    pixels[i] = static_cast<std::uint8_t>(i * 31 % 251);
  const auto mean = [](const auto& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  };
  EXPECT_NEAR(mean(fit(pixels, 101, 101).pixels), mean(pixels), 0.1);
}

TEST(FitPicture, CentresALyingPictureOnBlack) {
  const FittedPicture fitted = fit(std::vector<std::uint8_t>(56 * 112, 100), 56, 112);
  for (std::size_t row = 0; row < kSide; ++row) {
    for (std::size_t column = 0; column < kSide; ++column)
      ASSERT_EQ(at(fitted, row, column), row >= 7 && row < 21 ? 100 : 0) << row;
  }
}

TEST(FitPicture, CentresAStandingPictureOnBlack) {
  const FittedPicture fitted = fit(std::vector<std::uint8_t>(100 * 50, 100), 100, 50);
  for (std::size_t row = 0; row < kSide; ++row) {
    for (std::size_t column = 0; column < kSide; ++column)
      ASSERT_EQ(at(fitted, row, column), column >= 7 && column < 21 ? 100 : 0) << column;
  }
}

TEST(FitPicture, KeepsAThinPictureVisible) {
  const FittedPicture fitted = fit(std::vector<std::uint8_t>(5000, 200), 1, 5000);
  EXPECT_EQ(at(fitted, 13, 0), 200);
  EXPECT_EQ(at(fitted, 13, 27), 200);
  EXPECT_EQ(std::ranges::count(fitted.pixels, 200), 28);
}

TEST(FitPicture, GrowsBilinearly) {
  // Two columns on 28: centres at (c + 0.5) / 14 - 0.5 source pixels, clamped to [0, 1].
  const FittedPicture fitted = fit({0, 140, 0, 140}, 2, 2);
  EXPECT_EQ(at(fitted, 3, 0), 0);
  EXPECT_EQ(at(fitted, 3, 6), 0);
  EXPECT_EQ(at(fitted, 3, 7), 5);    // 140 / 28
  EXPECT_EQ(at(fitted, 3, 8), 15);   // 140 * 3 / 28
  EXPECT_EQ(at(fitted, 3, 13), 65);  // 140 * 13 / 28
  EXPECT_EQ(at(fitted, 3, 20), 135);
  EXPECT_EQ(at(fitted, 3, 21), 140);
}

TEST(FitPicture, GrowsASinglePixel) { EXPECT_THAT(fit({123}, 1, 1).pixels, Each(123)); }

/// A grey square on a ground of another grey, 56 x 56.
std::vector<std::uint8_t> square(std::uint8_t ground, std::uint8_t object) {
  std::vector<std::uint8_t> pixels(56 * 56, ground);
  for (std::size_t row = 20; row < 40; ++row)
    for (std::size_t column = 20; column < 40; ++column) pixels[row * 56 + column] = object;
  return pixels;
}

TEST(FitPicture, InvertsADarkObjectOnALightGround) {
  const FittedPicture fitted = fit(square(250, 30), 56, 56, Inversion::kAuto);
  EXPECT_TRUE(fitted.inverted);
  EXPECT_EQ(at(fitted, 0, 0), 5);
  EXPECT_EQ(at(fitted, 15, 15), 225);
}

TEST(FitPicture, LeavesALightObjectOnADarkGround) {
  const FittedPicture fitted = fit(square(5, 225), 56, 56, Inversion::kAuto);
  EXPECT_FALSE(fitted.inverted);
  EXPECT_EQ(at(fitted, 15, 15), 225);
}

TEST(FitPicture, TakesTheGroundFromMostOfTheBorder) {
  // An object that touches two sides does not pass for the ground.
  std::vector<std::uint8_t> pixels(28 * 28, 255);
  for (std::size_t row = 0; row < 28; ++row)
    for (std::size_t column = 10; column < 18; ++column) pixels[row * 28 + column] = 0;
  EXPECT_TRUE(fit(pixels, 28, 28, Inversion::kAuto).inverted);
  for (std::uint8_t& pixel : pixels) pixel = static_cast<std::uint8_t>(255 - pixel);
  EXPECT_FALSE(fit(pixels, 28, 28, Inversion::kAuto).inverted);
}

TEST(FitPicture, CallsAGreyOf128Light) {
  EXPECT_TRUE(fit(std::vector<std::uint8_t>(784, 128), 28, 28, Inversion::kAuto).inverted);
  EXPECT_FALSE(fit(std::vector<std::uint8_t>(784, 127), 28, 28, Inversion::kAuto).inverted);
}

TEST(FitPicture, DoesAsToldAboutInversion) {
  EXPECT_FALSE(fit(square(250, 30), 56, 56, Inversion::kNo).inverted);
  const FittedPicture fitted = fit(square(5, 225), 56, 56, Inversion::kYes);
  EXPECT_TRUE(fitted.inverted);
  EXPECT_EQ(at(fitted, 0, 0), 250);
}

TEST(FitPicture, KeepsThePaddingBlackWhenItInverts) {
  const FittedPicture fitted =
      fit(std::vector<std::uint8_t>(56 * 112, 255), 56, 112, Inversion::kYes);
  EXPECT_THAT(fitted.pixels, Each(0));
}

}  // namespace
}  // namespace fmnist
