#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fmnist/core/parameters.h"
#include "fmnist/data/split.h"

namespace fmnist {

/// What the two convolutions answer to `image` [28, 28], [10, 24, 24] and [20, 8, 8], after ReLU
/// and before pooling (which of ReLU and max-pool comes first makes no difference): plain loops,
/// for a few images.
std::array<std::vector<float>, 2> feature_maps(const Parameters& parameters,
                                               std::span<const std::uint8_t> image);

/// The largest of each 2 × 2 block of every map [maps, side, side], as the network pools it.
std::vector<float> max_pool(std::span<const float> maps, std::size_t side);

}  // namespace fmnist
