#include "fmnist/data/split.h"

#include <algorithm>

namespace fmnist {

Split gather(const Split& split, std::span<const std::uint32_t> indices) {
  Split gathered;
  gathered.images.resize(indices.size() * kImagePixels);
  gathered.labels.reserve(indices.size());
  auto destination = gathered.images.begin();
  for (const std::uint32_t index : indices) {
    const auto image = split.image(index);
    destination = std::copy(image.begin(), image.end(), destination);
    gathered.labels.push_back(split.labels[index]);
  }
  return gathered;
}

}  // namespace fmnist
