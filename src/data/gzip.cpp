#include "fmnist/data/gzip.h"

#include <fmt/format.h>
#include <libdeflate.h>

#include <algorithm>
#include <memory>
#include <new>

#include "fmnist/core/error.h"

namespace fmnist {
namespace {

// RFC 1952: ten bytes of header at least, then DEFLATE data, CRC-32 and ISIZE.
constexpr std::size_t kHeaderSize = 10;
constexpr std::size_t kTrailerSize = 8;
// DEFLATE's best is 258 bytes out of two bits.
constexpr std::size_t kBestRatio = 1032;

/// The size that the last four bytes claim: only a hint, a cut or padded file has anything there.
std::size_t claimed_size(std::string_view bytes) {
  std::size_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    size = size << 8 | static_cast<unsigned char>(bytes[bytes.size() - 1 - i]);
  }
  return size;
}

void check_header(std::string_view bytes, const std::string& name) {
  if (bytes.empty()) refuse_file(name, "is empty, expected gzip data");
  if (!bytes.starts_with(kGzipMagic.substr(0, bytes.size()))) {
    refuse_file(name, "is not compressed with gzip, as its name says",
                "take .gz off its name if it is plain IDX data");
  }
  if (bytes.size() < kHeaderSize + kTrailerSize) {
    refuse_file(name, fmt::format("is cut short: {} bytes are less than the smallest gzip file",
                                  bytes.size()));
  }
}

}  // namespace

void refuse_file(const std::string& name, const std::string& problem, const std::string& hint) {
  throw Error(ErrorKind::kData, fmt::format("'{}' {}", name, problem), hint);
}

std::string gunzip(std::string_view bytes, const std::string& name, std::size_t limit) {
  check_header(bytes, name);
  const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)>
      decompressor(libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  if (!decompressor) throw std::bad_alloc();

  const std::size_t most = bytes.size() < limit / kBestRatio ? bytes.size() * kBestRatio : limit;
  for (const std::size_t capacity : {std::min(claimed_size(bytes), most), most}) {
    // Not cleared: memory that is never written is never taken from the system.
    const auto buffer = std::make_unique_for_overwrite<char[]>(capacity);
    std::size_t consumed = 0;
    std::size_t inflated = 0;
    const auto result =
        libdeflate_gzip_decompress_ex(decompressor.get(), bytes.data(), bytes.size(), buffer.get(),
                                      capacity, &consumed, &inflated);
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE) continue;
    if (result != LIBDEFLATE_SUCCESS) {
      refuse_file(
          name,
          "is cut short or corrupt: its gzip data does not inflate to what its checksum says");
    }
    if (consumed != bytes.size()) {
      refuse_file(name, fmt::format("is too long: its gzip data ends after {} of {} bytes",
                                    consumed, bytes.size()));
    }
    return {buffer.get(), inflated};
  }
  refuse_file(name, fmt::format("inflates to more than {} bytes", limit),
              "decompress it by hand if that is meant");
}

}  // namespace fmnist
