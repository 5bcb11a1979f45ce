#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "fmnist/core/network.h"
#include "fmnist/core/random.h"

namespace fmnist {

/// Which hidden units one training step drops (Srivastava et al., "Dropout", JMLR 2014): a pure
/// function of seed, step, place in the batch and unit, so that every engine, and a run that was
/// resumed, drops the same.
struct DropoutMask {
  std::uint64_t seed;
  std::uint64_t step;
  std::uint32_t threshold;  // a unit is dropped when its random word is below
  float scale;              // of the units that are kept: 1 / (1 - probability)

  /// The random words of units 4 * quad to 4 * quad + 3 of an image; `block` is its place in the
  /// batch times 16, plus quad.
  constexpr std::array<std::uint32_t, 4> words(std::uint32_t block) const {
    return philox({static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
                  {static_cast<std::uint32_t>(step), static_cast<std::uint32_t>(step >> 32), block,
                   static_cast<std::uint32_t>(Stream::kDropout)});
  }

  /// What the hidden units of the image at `place` in its batch are multiplied with: 0 or `scale`.
  constexpr std::array<float, kHidden> factors(std::uint32_t place) const {
    std::array<float, kHidden> result{};
    for (std::size_t unit = 0; unit < kHidden; unit += 4) {
      const auto quad = words(place * 16 + static_cast<std::uint32_t>(unit / 4));
      for (std::size_t i = 0; i < 4 && unit + i < kHidden; ++i)
        result[unit + i] = quad[i] < threshold ? 0.0f : scale;
    }
    return result;
  }
};

/// The mask of update number `step` (from 0) when each unit is dropped with `probability`.
inline DropoutMask dropout_mask(double probability, std::uint64_t seed, std::uint64_t step) {
  constexpr double kWords = 4294967296.0;  // 2^32
  const double threshold = std::min(std::round(probability * kWords), kWords - 1.0);
  const double keep = 1.0 - probability;
  return {seed, step, static_cast<std::uint32_t>(threshold),
          keep > 0.0 ? static_cast<float>(1.0 / keep) : 0.0f};
}

}  // namespace fmnist
