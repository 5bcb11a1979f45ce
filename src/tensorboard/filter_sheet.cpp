#include "tensorboard/filter_sheet.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace fmnist {
namespace {

constexpr int kSide = 5;  // weights of a filter, in both directions
constexpr int kRows = 2;  // of filters
constexpr int kColumns = 5;
constexpr int kScale = 8;  // pixels of a weight, in both directions
constexpr int kGap = 8;    // between filters and around them
constexpr int kPitch = kSide * kScale + kGap;
constexpr int kWidth = kColumns * kPitch + kGap;
constexpr int kHeight = kRows * kPitch + kGap;
constexpr std::uint8_t kWhite = 255;
static_assert(kRows * kColumns * kSide * kSide == kParameters[0].size);

/// From -1, 0 and 1 to black, mid-grey and white.
std::uint8_t grey(float value) {
  return static_cast<std::uint8_t>(std::lround(127.5f + 127.5f * value));
}

}  // namespace

Sheet draw_filters(const Parameters& parameters) {
  const std::span<const float> weights = parameters.tensor(0);  // [10, 1, 5, 5]
  float largest = 0.0f;
  for (const float weight : weights) largest = std::max(largest, std::abs(weight));
  Sheet sheet{kWidth, kHeight, std::vector<std::uint8_t>(kWidth * kHeight, kWhite)};
  for (int index = 0; index < static_cast<int>(weights.size()); ++index) {
    const int filter = index / (kSide * kSide);
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
