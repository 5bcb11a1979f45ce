#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "fmnist/core/names.h"
#include "fmnist/data/split.h"

namespace fmnist {

/// Whether light and dark change places: Fashion-MNIST has light objects on black.
enum class Inversion { kAuto, kYes, kNo };
template <>
inline constexpr std::array<std::string_view, 3> kEnumNames<Inversion>{"auto", "yes", "no"};

/// A picture as the network takes it.
struct FittedPicture {
  std::array<std::uint8_t, kImagePixels> pixels{};  // [28, 28]
  bool inverted = false;
};

/// Fits the grey picture `pixels` [height, width] into 28 x 28: the longer side becomes 28, the
/// shorter one in proportion (at least 1), centred on black. Shrinks by exact area averages, grows
/// bilinearly. With kAuto it is inverted when the median of its outermost pixels, after fitting, is
/// light (128 or more). Height and width are at least 1, their product below 2^40.
FittedPicture fit_picture(std::span<const std::uint8_t> pixels, std::size_t height,
                          std::size_t width, Inversion inversion);

}  // namespace fmnist
