#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace fmnist {

inline constexpr std::size_t kImageSide = 28;
inline constexpr std::size_t kImagePixels = kImageSide * kImageSide;
inline constexpr std::size_t kClassCount = 10;

/// The input is `(pixel / 255 - kPixelMean) / kPixelStd`.
inline constexpr double kPixelMean = 0.1307;
inline constexpr double kPixelStd = 0.3081;

/// Names of the ten classes, by label.
inline constexpr std::array<std::string_view, kClassCount> kClassNames = {
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};

/// Images with their labels, as they stand in the files.
struct Split {
  std::vector<std::uint8_t> images;  // [n, 28, 28]
  std::vector<std::uint8_t> labels;  // [n], 0-9

  std::size_t size() const { return labels.size(); }
  std::span<const std::uint8_t> image(std::size_t index) const {
    return std::span(images).subspan(index * kImagePixels, kImagePixels);
  }
};

/// The images of `split` at `indices`, in that order.
Split gather(const Split& split, std::span<const std::uint32_t> indices);

}  // namespace fmnist
