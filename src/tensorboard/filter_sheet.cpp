#include "tensorboard/filter_sheet.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "fmnist/core/network.h"

namespace fmnist {
namespace {

constexpr int kSide = kKernelSide;
constexpr int kRows = 2;  // of filters
constexpr int kColumns = 5;
constexpr int kScale = 8;  // pixels of a weight, in both directions
constexpr int kGap = 8;    // between filters and around them
constexpr int kPitch = kSide * kScale + kGap;
constexpr int kWidth = kColumns * kPitch + kGap;
constexpr int kHeight = kRows * kPitch + kGap;
constexpr std::uint8_t kWhite = 255;
static_assert(kRows * kColumns == kConv1Channels);

/// From -1, 0 and 1 to black, mid-grey and white.
std::uint8_t grey(float value) {
  return static_cast<std::uint8_t>(std::lround(127.5f + 127.5f * value));
}

}  // namespace

Picture draw_filters(const Parameters& parameters) {
  const std::span<const float> weights = parameters.tensor(kConv1Weight);
  float largest = 0.0f;
  for (const float weight : weights) largest = std::max(largest, std::abs(weight));
  Picture sheet{std::vector<std::uint8_t>(kWidth * kHeight, kWhite), kWidth, kHeight, 1};
  for (int index = 0; index < static_cast<int>(weights.size()); ++index) {
    const int filter = index / static_cast<int>(kTaps);
    const int top = kGap + filter / kColumns * kPitch + index / kSide % kSide * kScale;
    const int left = kGap + filter % kColumns * kPitch + index % kSide * kScale;
    const float weight = weights[static_cast<std::size_t>(index)];
    for (int row = top; row < top + kScale; ++row) {
      std::fill_n(sheet.pixels.begin() + row * kWidth + left, kScale,
                  grey(largest > 0.0f ? weight / largest : 0.0f));
    }
  }
  return sheet;
}

}  // namespace fmnist
