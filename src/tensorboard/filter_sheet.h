#pragma once

#include <cstdint>
#include <vector>

#include "fmnist/core/parameters.h"

namespace fmnist {

/// A grey picture [height, width].
struct Sheet {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> pixels;
};

/// The ten 5x5 filters of the first layer in two rows on a white sheet: 0 is mid-grey, the largest
/// weight of all by magnitude is black or white.
Sheet draw_filters(const Parameters& parameters);

}  // namespace fmnist
