#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fmnist/core/parameters.h"
#include "fmnist/data/split.h"

namespace fmnist {

inline constexpr std::size_t kConv1Maps = 10;
inline constexpr std::size_t kConv1Side = 24;
inline constexpr std::size_t kConv2Maps = 20;
inline constexpr std::size_t kConv2Side = 8;

/// What the two convolutions answer to one image, after ReLU and before pooling (which of ReLU and
/// max-pool comes first makes no difference).
struct FeatureMaps {
  std::vector<float> conv1;  // [10, 24, 24]
  std::vector<float> conv2;  // [20, 8, 8]
};

/// The feature maps of `image` [28, 28]: plain loops, for a few images.
FeatureMaps feature_maps(const Parameters& parameters, std::span<const std::uint8_t> image);

/// The largest of each 2 × 2 block of every map [maps, side, side], as the network pools it.
std::vector<float> max_pool(std::span<const float> maps, std::size_t side);

}  // namespace fmnist
