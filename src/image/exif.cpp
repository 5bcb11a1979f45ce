#include <optional>
#include <utility>

#include "image/formats.h"

namespace fmnist {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kPrefix = "Exif\0\0"sv;
constexpr std::size_t kEntrySize = 12;  // tag, type, count, value
constexpr unsigned kOrientationTag = 0x0112;
constexpr unsigned kShort = 3;

/// The unsigned number of `size` bytes at `offset` of `tiff`; nothing beyond its end.
std::optional<std::size_t> number_at(std::string_view tiff, std::size_t offset, std::size_t size) {
  if (offset > tiff.size() || size > tiff.size() - offset) return std::nullopt;
  const bool little_endian = tiff.starts_with("II");
  std::size_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t place = offset + (little_endian ? size - 1 - i : i);
    value = value << 8 | static_cast<unsigned char>(tiff[place]);
  }
  return value;
}

}  // namespace

unsigned exif_orientation(std::string_view segment) {
  if (!segment.starts_with(kPrefix)) return 1;
  segment.remove_prefix(kPrefix.size());
  if (!segment.starts_with("II*\0"sv) && !segment.starts_with("MM\0*"sv)) return 1;
  const auto directory = number_at(segment, 4, 4);
  const auto entries = directory ? number_at(segment, *directory, 2) : std::nullopt;
  for (std::size_t i = 0; i < entries.value_or(0); ++i) {
    const std::size_t entry = *directory + 2 + i * kEntrySize;
    if (number_at(segment, entry, 2) != kOrientationTag) continue;
    const auto value = number_at(segment, entry + 8, 2);
    const bool good =
        number_at(segment, entry + 2, 2) == kShort && value && *value >= 1 && *value <= 8;
    return good ? static_cast<unsigned>(*value) : 1;
  }
  return 1;
}

Pictures upright(Pictures stored, unsigned orientation) {
  if (orientation == 1) return stored;
  const bool turned = orientation >= 5;
  const bool from_right = orientation == 2 || orientation == 3 || orientation >= 7;
  const bool from_bottom =
      orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  Pictures result = stored;
  if (turned) std::swap(result.height, result.width);
  for (std::size_t row = 0; row < result.height; ++row) {
    for (std::size_t column = 0; column < result.width; ++column) {
      const std::size_t y = turned ? column : row;
      const std::size_t x = turned ? row : column;
      const std::size_t source_y = from_bottom ? stored.height - 1 - y : y;
      const std::size_t source_x = from_right ? stored.width - 1 - x : x;
      result.pixels[row * result.width + column] =
          stored.pixels[source_y * stored.width + source_x];
    }
  }
  return result;
}

}  // namespace fmnist
