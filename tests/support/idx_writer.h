#pragma once

#include <libdeflate.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "fmnist/core/random.h"
#include "fmnist/data/split.h"

namespace fmnist {

inline constexpr std::string_view kTrainImages = "train-images-idx3-ubyte";
inline constexpr std::string_view kTrainLabels = "train-labels-idx1-ubyte";
inline constexpr std::string_view kTestImages = "t10k-images-idx3-ubyte";
inline constexpr std::string_view kTestLabels = "t10k-labels-idx1-ubyte";

/// Writes exactly `bytes` to `path`, as a new file: truncating an old one makes some file systems
/// wait for the disk.
inline void write_bytes(const std::filesystem::path& path, std::string_view bytes) {
  std::filesystem::remove(path);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

/// An IDX file of unsigned bytes: the header for `dims`, then `values` as they are, whether or not
/// their number fits.
inline std::string idx_bytes(const std::vector<std::uint32_t>& dims,
                             const std::vector<std::uint8_t>& values) {
  std::string bytes = {0, 0, 8, static_cast<char>(dims.size())};
  for (const std::uint32_t dim : dims) {
    for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(dim >> shift & 255);
  }
  return bytes.append(values.begin(), values.end());
}

inline void write_idx(const std::filesystem::path& path, const std::vector<std::uint32_t>& dims,
                      const std::vector<std::uint8_t>& values) {
  write_bytes(path, idx_bytes(dims, values));
}

/// `bytes` as a gzip file of one member.
inline std::string gzip(std::string_view bytes) {
  libdeflate_compressor* const compressor = libdeflate_alloc_compressor(6);
  std::string compressed(libdeflate_gzip_compress_bound(compressor, bytes.size()), '\0');
  compressed.resize(libdeflate_gzip_compress(compressor, bytes.data(), bytes.size(),
                                             compressed.data(), compressed.size()));
  libdeflate_free_compressor(compressor);
  if (compressed.empty()) throw std::runtime_error("cannot compress");
  return compressed;
}

/// `count` images that are easy to learn, labels 0, 1, …, 9, 0, …: a bright block at a place of
/// each class's own, and noise; a pure function of (count, seed), other noise for another seed.
inline Split learnable_split(std::size_t count, std::uint64_t seed) {
  constexpr std::size_t kBlockHeight = 10;
  constexpr std::size_t kBlockWidth = 5;
  constexpr std::size_t kBlocksPerRow = 5;
  Split split;
  split.images.reserve(count * kImagePixels);
  for (std::size_t image = 0; image < count; ++image) {
    const std::size_t label = image % kClassCount;
    const std::size_t top = 4 + label / kBlocksPerRow * kBlockHeight;
    const std::size_t left = 1 + label % kBlocksPerRow * kBlockWidth;
    for (std::size_t pixel = 0; pixel < kImagePixels; ++pixel) {
      const std::size_t row = pixel / kImageSide;
      const std::size_t column = pixel % kImageSide;
      const bool bright =
          row >= top && row < top + kBlockHeight && column >= left && column < left + kBlockWidth;
      const auto noise =
          philox({static_cast<std::uint32_t>(seed), 0},
                 {static_cast<std::uint32_t>(pixel), static_cast<std::uint32_t>(image), 0, 0})[0] &
          63;
      split.images.push_back(static_cast<std::uint8_t>(bright ? 255 - noise : noise));
    }
    split.labels.push_back(static_cast<std::uint8_t>(label));
  }
  return split;
}

/// Writes `split` as two IDX files.
inline void write_split(const std::filesystem::path& directory, std::string_view images_name,
                        std::string_view labels_name, const Split& split) {
  const auto count = static_cast<std::uint32_t>(split.size());
  write_idx(directory / images_name, {count, kImageSide, kImageSide}, split.images);
  write_idx(directory / labels_name, {count}, split.labels);
}

/// Writes a small well-formed data set that is easy to learn as the four raw files; the directory
/// is made if need be.
inline void write_dataset(const std::filesystem::path& directory, std::size_t train_count,
                          std::size_t test_count, std::uint64_t seed) {
  std::filesystem::create_directories(directory);
  write_split(directory, kTrainImages, kTrainLabels, learnable_split(train_count, 2 * seed));
  write_split(directory, kTestImages, kTestLabels, learnable_split(test_count, 2 * seed + 1));
}

}  // namespace fmnist
