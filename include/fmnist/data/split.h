#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fmnist/core/network.h"

namespace fmnist {

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
