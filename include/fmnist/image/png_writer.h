#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fmnist {

/// The bytes of a PNG file of the 8-bit samples `pixels` [height, width, channels]: grey, grey and
/// alpha, RGB, or RGB and alpha, as `channels` (1 to 4) says. Throws `Error` (kRuntime) when libpng
/// cannot write it.
std::string encode_png(const std::vector<std::uint8_t>& pixels, int width, int height,
                       int channels);

}  // namespace fmnist
