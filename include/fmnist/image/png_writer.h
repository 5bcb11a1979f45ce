#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fmnist {

/// A PNG file of 8-bit samples [height, width, channels]: grey (1 channel) or RGB (3).
std::string encode_png(const std::vector<std::uint8_t>& pixels, int width, int height,
                       int channels);

}  // namespace fmnist
