#include "report/feature_maps.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/goldens.h"

namespace fmnist {
namespace {

/// The answer of the last two layers to what the second convolution gave: logits [10].
std::vector<float> logits_of(const Parameters& parameters, const std::vector<float>& conv2) {
  const auto dense = [&](std::span<const float> input, std::size_t weight) {
    std::vector<float> output;
    for (std::size_t row = 0; row < parameters.tensor(weight + 1).size(); ++row) {
      double sum = parameters.tensor(weight + 1)[row];
      for (std::size_t i = 0; i < input.size(); ++i)
        sum += static_cast<double>(parameters.tensor(weight)[row * input.size() + i]) * input[i];
      output.push_back(static_cast<float>(sum));
    }
    return output;
  };
  std::vector<float> hidden = dense(max_pool(conv2, kConv2Side), kFc1Weight);
  for (float& value : hidden) value = std::max(value, 0.0f);
  return dense(hidden, kFc2Weight);
}

TEST(FeatureMapsTest, LeadToTheLogitsOfPyTorch) {
  const Parameters parameters = golden_parameters(read_golden("initial_weights"), "seed0");
  const Split images = golden_images();
  const auto expected = golden_floats(read_golden("gradients"), "batch7.logits");
  for (std::size_t image = 0; image < expected.size() / kClassCount; ++image) {
    const auto [conv1, conv2] = feature_maps(parameters, images.image(image));
    ASSERT_EQ(conv1.size(), kConv1Channels * kConv1Side * kConv1Side);
    ASSERT_EQ(conv2.size(), kConv2Channels * kConv2Side * kConv2Side);
    const auto row = std::span(expected).subspan(image * kClassCount, kClassCount);
    EXPECT_LE(relative_difference(logits_of(parameters, conv2), row), 1e-5) << image;
  }
}

TEST(FeatureMapsTest, OfAFilterThatTakesOnePixelAreTheImageItself) {
  Parameters parameters;
  parameters.tensor(kConv1Weight)[1 * kKernelSide + 2] =
      1.0f;  // filter 0: row 1, column 2 of its window
  std::vector<std::uint8_t> image(kImagePixels);
  image[10 * kImageSide + 7] = 255;
  const std::vector<float> conv1 = feature_maps(parameters, image)[0];
  const auto bright = std::ranges::max_element(conv1) - conv1.begin();
  EXPECT_EQ(bright, static_cast<std::ptrdiff_t>(9 * kConv1Side + 5));
  EXPECT_NEAR(conv1[static_cast<std::size_t>(bright)], (1.0 - kPixelMean) / kPixelStd, 1e-6);
}

TEST(MaxPool, TakesTheLargestOfEachBlock) {
  EXPECT_EQ(max_pool(std::vector<float>{1, 2, 5, 0, 3, 4, 0, 0, 0, 0, 7, 8, 0, 9, 6, 0}, 4),
            (std::vector<float>{4, 5, 9, 8}));
  EXPECT_EQ(max_pool(std::vector<float>{1, 2, 3, 4, 8, 7, 6, 5}, 2), (std::vector<float>{4, 8}));
}

}  // namespace
}  // namespace fmnist
