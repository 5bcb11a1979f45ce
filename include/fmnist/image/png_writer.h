#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fmnist {

/// 8-bit samples to look at: grey, grey and alpha, RGB, or RGB and alpha.
struct Picture {
  std::vector<std::uint8_t> pixels;  // [height, width, channels]
  int width = 0;
  int height = 0;
  int channels = 1;
};

/// The bytes of a PNG file of `picture`. Throws `Error` (kRuntime) when its size does not fit its
/// samples or libpng cannot write it.
std::string encode_png(const Picture& picture);

}  // namespace fmnist
