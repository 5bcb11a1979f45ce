#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fmnist/core/parameters.h"
#include "fmnist/data/split.h"

namespace fmnist {

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
