#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fmnist {

// The geometry of the one network that this program trains, for all who draw or compute it:
// image [28, 28] → conv1 [10, 24, 24] → max-pool, ReLU [10, 12, 12] → conv2 [20, 8, 8] → max-pool,
// ReLU [20, 4, 4] → fc1, ReLU, dropout [50] → fc2 [10].
inline constexpr std::size_t kImageSide = 28;
inline constexpr std::size_t kImagePixels = kImageSide * kImageSide;
inline constexpr std::size_t kKernelSide = 5;  // of both convolutions
inline constexpr std::size_t kTaps = kKernelSide * kKernelSide;
inline constexpr std::size_t kConv1Channels = 10;
inline constexpr std::size_t kConv1Side = kImageSide - kKernelSide + 1;
inline constexpr std::size_t kPool1Side = kConv1Side / 2;
inline constexpr std::size_t kConv2Channels = 20;
inline constexpr std::size_t kConv2Side = kPool1Side - kKernelSide + 1;
inline constexpr std::size_t kPool2Side = kConv2Side / 2;
inline constexpr std::size_t kFeatures = kConv2Channels * kPool2Side * kPool2Side;
inline constexpr std::size_t kHidden = 50;
inline constexpr std::size_t kClassCount = 10;

/// The input is `(pixel / 255 - kPixelMean) / kPixelStd`.
inline constexpr double kPixelMean = 0.1307;
inline constexpr double kPixelStd = 0.3081;

/// Names of the ten classes, by label.
inline constexpr std::array<std::string_view, kClassCount> kClassNames = {
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};

/// The eight arrays of the network, by their place in `kParameters` (parameters.h).
enum ParameterIndex : std::size_t {
  kConv1Weight,
  kConv1Bias,
  kConv2Weight,
  kConv2Bias,
  kFc1Weight,
  kFc1Bias,
  kFc2Weight,
  kFc2Bias,
};

}  // namespace fmnist
