#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fmnist {

/// A picture on its way into the page.
struct Picture {
  std::vector<std::uint8_t> pixels;  // [height, width, channels]
  int width = 0;
  int height = 0;
  int channels = 1;
};

/// The image [28, 28] as it is.
Picture grey_picture(std::span<const std::uint8_t> pixels);

/// Maps [n, side, side], in rows of `columns`, a transparent pixel between them; black is 0, white
/// the largest value of all.
Picture map_picture(std::span<const float> maps, std::size_t side, std::size_t columns);

/// Weights [side, side]: orange where positive, blue where negative, the stronger the farther from
/// 0; full colour at ±`largest`.
Picture weight_picture(std::span<const float> weights, std::size_t side, float largest);

/// `<img>` that holds the picture itself.
std::string image_element(const Picture& picture, std::string_view alternative,
                          std::string_view css_class);

}  // namespace fmnist
