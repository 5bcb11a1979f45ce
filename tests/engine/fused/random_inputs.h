#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>

#include "fmnist/core/parameters.h"
#include "fmnist/data/split.h"

namespace fmnist {

/// Parameters of the size PyTorch initialises them with.
inline Parameters random_parameters(std::uint32_t seed) {
  std::mt19937 generator(seed);
  Parameters parameters;
  for (std::size_t i = 0; i < kParameters.size(); ++i) {
    const std::size_t weight = i / 2 * 2;  // a bias is of the size of its weights
    const double fan_in = static_cast<double>(kParameters[weight].size) /
                          static_cast<double>(kParameters[weight + 1].size);
    const double bound = 1.0 / std::sqrt(fan_in);
    for (float& value : parameters.tensor(i)) {
      value = static_cast<float>(bound * (static_cast<double>(generator()) / 2147483648.0 - 1.0));
    }
  }
  return parameters;
}

/// Images with a dark border and noise within, as clothes have, and labels.
inline Split random_split(std::size_t size, std::uint32_t seed) {
  std::mt19937 generator(seed);
  Split split;
  for (std::size_t image = 0; image < size; ++image) {
    const std::size_t border = generator() % 8;
    for (std::size_t i = 0; i < kImagePixels; ++i) {
      const std::size_t x = i % kImageSide;
      const bool inside = x >= border && x < kImageSide - border;
      split.images.push_back(static_cast<std::uint8_t>(inside ? generator() % 256 : 0));
    }
    split.labels.push_back(static_cast<std::uint8_t>(generator() % kClassCount));
  }
  return split;
}

}  // namespace fmnist
