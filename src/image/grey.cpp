#include "image/formats.h"

namespace fmnist {
namespace {

constexpr unsigned kOpaque = 255;

/// Luma of ITU-R BT.601.
std::uint8_t luma(const std::uint8_t* rgb) {
  return static_cast<std::uint8_t>((299U * rgb[0] + 587U * rgb[1] + 114U * rgb[2] + 500U) / 1000U);
}

/// Composes `grey` over black or white by the alpha that ends each of `samples`.
void compose(std::vector<std::uint8_t>& grey, std::span<const std::uint8_t> samples,
             std::size_t channels) {
  const auto alpha = [&](std::size_t i) { return unsigned{samples[i * channels + channels - 1]}; };
  std::uint64_t visible = 0;
  std::uint64_t light = 0;
  for (std::size_t i = 0; i < grey.size(); ++i) {
    visible += alpha(i);
    light += std::uint64_t{alpha(i)} * grey[i];
  }
  const unsigned background = 2 * light < kOpaque * visible ? 255 : 0;
  for (std::size_t i = 0; i < grey.size(); ++i) {
    const unsigned sum = grey[i] * alpha(i) + background * (kOpaque - alpha(i));
    grey[i] = static_cast<std::uint8_t>((sum + kOpaque / 2) / kOpaque);
  }
}

}  // namespace

std::vector<std::uint8_t> to_grey(std::span<const std::uint8_t> samples, std::size_t channels) {
  std::vector<std::uint8_t> grey(samples.size() / channels);
  for (std::size_t i = 0; i < grey.size(); ++i) {
    const std::uint8_t* const sample = &samples[i * channels];
    grey[i] = channels >= 3 ? luma(sample) : *sample;
  }
  if (channels % 2 == 0) compose(grey, samples, channels);
  return grey;
}

}  // namespace fmnist
