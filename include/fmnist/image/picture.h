#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fmnist {

/// What is read at most; both are checked before memory is taken for it.
struct PictureLimits {
  std::uintmax_t file_bytes = std::uintmax_t{256} << 20;  // also of what a gzip file inflates to
  std::uint64_t pixels = 64'000'000;                      // of all pictures in the file
};

/// The grey pictures of one file, all of one size: one, or as many as an IDX file holds.
struct Pictures {
  std::size_t count = 0;
  std::size_t height = 0;
  std::size_t width = 0;
  std::vector<std::uint8_t> pixels;  // [count, height, width], 0 is black
  bool is_series = false;            // from an IDX file: each picture has an index there

  std::span<const std::uint8_t> picture(std::size_t index) const {
    return std::span(pixels).subspan(index * height * width, height * width);
  }
};

/// The pictures in the `bytes` of a PNG, JPEG, PGM (P2, P5) or IDX file, the latter also compressed
/// with gzip; which one, the content decides. `name` stands for the file in messages.
///
/// Colours become grey as luma of ITU-R BT.601, 16-bit samples are rounded to 8 bits, and a JPEG is
/// turned upright as its EXIF orientation says. What is transparent shows black or white, whichever
/// is farther from the mean of what is visible, so that neither a light nor a dark object vanishes.
/// Throws `Error` (kData) on another type, a damaged or cut file, and one over `limits`.
Pictures decode_pictures(std::string_view bytes, const std::string& name,
                         const PictureLimits& limits = {});

/// `decode_pictures` of the file at `path`; throws also when that cannot be read.
Pictures read_pictures(const std::filesystem::path& path, const PictureLimits& limits = {});

}  // namespace fmnist
