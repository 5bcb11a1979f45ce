#include "fmnist/image/fit.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace fmnist {
namespace {

constexpr unsigned kWhite = 255;
constexpr unsigned kLight = 128;

/// A grey picture with its size.
struct Grey {
  std::size_t height;
  std::size_t width;
  std::vector<std::uint8_t> pixels;  // [height, width]
};

/// The part of cell `cell` (of `cells` over `length` source pixels) that source pixel `pixel`
/// covers, in 1/cells of a pixel: whole numbers, so that averages are exact.
std::uint64_t overlap(std::size_t cell, std::size_t cells, std::size_t length, std::size_t pixel) {
  const std::size_t begin = std::max(cell * length, pixel * cells);
  const std::size_t end = std::min((cell + 1) * length, (pixel + 1) * cells);
  return end - begin;
}

/// The mean of the source under one cell of `to`, rounded.
std::uint8_t area_average(std::span<const std::uint8_t> pixels, std::size_t height,
                          std::size_t width, const Grey& to, std::size_t row, std::size_t column) {
  const std::size_t top = row * height / to.height;
  const std::size_t bottom = ((row + 1) * height + to.height - 1) / to.height;
  const std::size_t left = column * width / to.width;
  const std::size_t right = ((column + 1) * width + to.width - 1) / to.width;
  std::uint64_t sum = 0;
  for (std::size_t y = top; y < bottom; ++y) {
    std::uint64_t line = 0;
    for (std::size_t x = left; x < right; ++x)
      line += overlap(column, to.width, width, x) * pixels[y * width + x];
    sum += overlap(row, to.height, height, y) * line;
  }
  const std::uint64_t area = std::uint64_t{height} * width;
  return static_cast<std::uint8_t>((sum + area / 2) / area);
}

/// Between which two source pixels the centre of a cell lies, and how far from the first.
struct Between {
  std::size_t first;
  std::size_t second;
  double share;  // of the second
};

Between between(std::size_t cell, std::size_t cells, std::size_t length) {
  const double centre =
      (static_cast<double>(cell) + 0.5) * static_cast<double>(length) / static_cast<double>(cells) -
      0.5;
  const double clamped = std::clamp(centre, 0.0, static_cast<double>(length - 1));
  const auto first = static_cast<std::size_t>(clamped);
  return {first, std::min(first + 1, length - 1), clamped - static_cast<double>(first)};
}

std::uint8_t bilinear(std::span<const std::uint8_t> pixels, std::size_t height, std::size_t width,
                      const Grey& to, std::size_t row, std::size_t column) {
  const Between y = between(row, to.height, height);
  const Between x = between(column, to.width, width);
  const auto line = [&](std::size_t source_row) {
    const auto source = pixels.subspan(source_row * width, width);
    return (1.0 - x.share) * source[x.first] + x.share * source[x.second];
  };
  return static_cast<std::uint8_t>(
      std::lround((1.0 - y.share) * line(y.first) + y.share * line(y.second)));
}

Grey resize(std::span<const std::uint8_t> pixels, std::size_t height, std::size_t width) {
  const std::size_t longer = std::max(height, width);
  const auto scaled = [&](std::size_t side) {
    return std::max<std::size_t>(1, (2 * side * kImageSide + longer) / (2 * longer));
  };
  Grey to{scaled(height), scaled(width), {}};
  const auto sample = longer < kImageSide ? bilinear : area_average;
  to.pixels.reserve(to.height * to.width);
  for (std::size_t row = 0; row < to.height; ++row) {
    for (std::size_t column = 0; column < to.width; ++column)
      to.pixels.push_back(sample(pixels, height, width, to, row, column));
  }
  return to;
}

bool is_light_at_the_border(const Grey& grey) {
  std::vector<std::uint8_t> border;
  for (std::size_t row = 0; row < grey.height; ++row) {
    for (std::size_t column = 0; column < grey.width; ++column) {
      const bool outermost =
          row == 0 || row + 1 == grey.height || column == 0 || column + 1 == grey.width;
      if (outermost) border.push_back(grey.pixels[row * grey.width + column]);
    }
  }
  const auto median = border.begin() + static_cast<std::ptrdiff_t>(border.size() / 2);
  std::nth_element(border.begin(), median, border.end());
  return *median >= kLight;
}

}  // namespace

FittedPicture fit_picture(std::span<const std::uint8_t> pixels, std::size_t height,
                          std::size_t width, Inversion inversion) {
  const Grey grey = resize(pixels, height, width);
  FittedPicture fitted;
  fitted.inverted = inversion == Inversion::kYes ||
                    (inversion == Inversion::kAuto && is_light_at_the_border(grey));
  const std::size_t top = (kImageSide - grey.height) / 2;
  const std::size_t left = (kImageSide - grey.width) / 2;
  for (std::size_t row = 0; row < grey.height; ++row) {
    for (std::size_t column = 0; column < grey.width; ++column) {
      const unsigned value = grey.pixels[row * grey.width + column];
      fitted.pixels[(top + row) * kImageSide + left + column] =
          static_cast<std::uint8_t>(fitted.inverted ? kWhite - value : value);
    }
  }
  return fitted;
}

}  // namespace fmnist
