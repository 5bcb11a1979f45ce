#include "report/pictures.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "fmnist/core/base64.h"
#include "fmnist/core/network.h"

namespace fmnist {
namespace {

// Vermillion and blue of Okabe and Ito, "Color universal design" (2008).
constexpr std::array<std::uint8_t, 3> kPositive = {213, 94, 0};
constexpr std::array<std::uint8_t, 3> kNegative = {0, 114, 178};

std::uint8_t to_byte(float share) {
  return static_cast<std::uint8_t>(std::lround(255.0f * std::clamp(share, 0.0f, 1.0f)));
}

}  // namespace

Picture grey_picture(std::span<const std::uint8_t> pixels) {
  return {{pixels.begin(), pixels.end()}, kImageSide, kImageSide, 1};
}

Picture map_picture(std::span<const float> maps, std::size_t side, std::size_t columns) {
  const std::size_t count = maps.size() / (side * side);
  const std::size_t width = columns * (side + 1) - 1;
  const std::size_t height = (count + columns - 1) / columns * (side + 1) - 1;
  const float largest = *std::ranges::max_element(maps);
  std::vector<std::uint8_t> pixels(width * height * 2);
  for (std::size_t i = 0; i < maps.size(); ++i) {
    const std::size_t map = i / (side * side);
    const std::size_t row = map / columns * (side + 1) + i / side % side;
    const std::size_t column = map % columns * (side + 1) + i % side;
    std::uint8_t* const pixel = &pixels[(row * width + column) * 2];
    pixel[0] = largest > 0 ? to_byte(maps[i] / largest) : std::uint8_t{0};
    pixel[1] = 255;
  }
  return {std::move(pixels), static_cast<int>(width), static_cast<int>(height), 2};
}

Picture weight_picture(std::span<const float> weights, std::size_t side, float largest) {
  std::vector<std::uint8_t> pixels;
  for (const float weight : weights) {
    const auto& colour = weight > 0 ? kPositive : kNegative;
    pixels.insert(pixels.end(), colour.begin(), colour.end());
    pixels.push_back(largest > 0 ? to_byte(std::abs(weight) / largest) : std::uint8_t{0});
  }
  return {std::move(pixels), static_cast<int>(side), static_cast<int>(side), 4};
}

nlohmann::json to_json(const Picture& picture) {
  return {
      {"width", picture.width}, {"height", picture.height}, {"png", base64(encode_png(picture))}};
}

}  // namespace fmnist
