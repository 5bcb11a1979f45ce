#include "report/feature_maps.h"

#include <algorithm>
#include <utility>

namespace fmnist {
namespace {

/// ReLU of the valid 5×5 convolution of `input` [channels, side, side]: [outputs, side - 4, …].
std::vector<float> convolve(std::span<const float> input, std::size_t side,
                            std::span<const float> weight, std::span<const float> bias) {
  const std::size_t channels = input.size() / (side * side);
  const std::size_t out_side = side - kKernelSide + 1;
  std::vector<float> maps;
  for (std::size_t output = 0; output < bias.size(); ++output) {
    for (std::size_t y = 0; y < out_side; ++y) {
      for (std::size_t x = 0; x < out_side; ++x) {
        double sum = bias[output];
        for (std::size_t tap = 0; tap < channels * kTaps; ++tap) {
          const std::size_t channel = tap / kTaps;
          const std::size_t row = y + tap / kKernelSide % kKernelSide;
          const std::size_t column = x + tap % kKernelSide;
          sum += static_cast<double>(weight[output * channels * kTaps + tap]) *
                 input[(channel * side + row) * side + column];
        }
        maps.push_back(static_cast<float>(std::max(sum, 0.0)));
      }
    }
  }
  return maps;
}

}  // namespace

std::vector<float> max_pool(std::span<const float> maps, std::size_t side) {
  std::vector<float> pooled;
  for (std::size_t row = 0; row < maps.size() / side; row += 2) {  // sides are even
    for (std::size_t column = 0; column < side; column += 2) {
      const float* const block = &maps[row * side + column];
      pooled.push_back(std::max({block[0], block[1], block[side], block[side + 1]}));
    }
  }
  return pooled;
}

std::array<std::vector<float>, 2> feature_maps(const Parameters& parameters,
                                               std::span<const std::uint8_t> image) {
  std::vector<float> input;
  for (const std::uint8_t pixel : image)
    input.push_back(static_cast<float>((pixel / 255.0 - kPixelMean) / kPixelStd));
  std::vector<float> conv1 =
      convolve(input, kImageSide, parameters.tensor(kConv1Weight), parameters.tensor(kConv1Bias));
  std::vector<float> conv2 =
      convolve(max_pool(conv1, kConv1Side), kPool1Side, parameters.tensor(kConv2Weight),
               parameters.tensor(kConv2Bias));
  return {std::move(conv1), std::move(conv2)};
}

}  // namespace fmnist
