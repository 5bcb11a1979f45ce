#include "fmnist/data/idx.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "fmnist/core/error.h"
#include "fmnist/data/gzip.h"

namespace fmnist {
namespace {

constexpr std::size_t kMagicSize = 4;  // two zero bytes, element type, number of dimensions
constexpr std::size_t kDimSize = 4;    // big-endian
constexpr unsigned kUnsignedByte = 0x08;

unsigned byte_at(std::string_view bytes, std::size_t index) {
  return static_cast<unsigned char>(bytes[index]);
}

void check_magic(std::string_view bytes, const std::string& name) {
  if (bytes.empty()) refuse_file(name, "is empty, expected IDX data");
  if (bytes.starts_with(kGzipMagic)) {
    refuse_file(name, "is compressed with gzip, expected plain IDX data",
                "let its name end in .gz, or decompress it");
  }
  const std::string_view magic = bytes.substr(0, kMagicSize);
  const bool whole = magic.size() == kMagicSize;
  if (whole && (byte_at(magic, 0) != 0 || byte_at(magic, 1) != 0)) {
    refuse_file(
        name,
        fmt::format("is not an IDX file: it starts with the bytes {:02x} {:02x} {:02x} {:02x}, "
                    "expected 00 00",
                    byte_at(magic, 0), byte_at(magic, 1), byte_at(magic, 2), byte_at(magic, 3)));
  }
  if (whole && byte_at(magic, 2) != kUnsignedByte) {
    refuse_file(name, fmt::format("holds IDX data of type 0x{:02x}, expected 0x08 (unsigned bytes)",
                                  byte_at(magic, 2)));
  }
  if (whole && byte_at(magic, 3) == 0) refuse_file(name, "is an IDX file without dimensions");
  const std::size_t header = whole ? kMagicSize + kDimSize * byte_at(magic, 3) : kMagicSize;
  if (bytes.size() < header) {
    refuse_file(name, fmt::format("is cut short within its IDX header of {} bytes, at byte {}",
                                  header, bytes.size()));
  }
}

/// header + product of `dims` in bytes; nothing when that needs more than 64 bits.
std::optional<std::uint64_t> file_size(const std::vector<std::uint32_t>& dims) {
  const bool has_zero = std::find(dims.begin(), dims.end(), 0U) != dims.end();
  std::uint64_t size = has_zero ? 0 : 1;
  for (const std::uint32_t dim : dims) {
    if (__builtin_mul_overflow(size, std::uint64_t{dim}, &size)) return std::nullopt;
  }
  if (__builtin_add_overflow(size, kMagicSize + kDimSize * dims.size(), &size)) return std::nullopt;
  return size;
}

}  // namespace

IdxArray parse_idx(std::string_view bytes, const std::string& name) {
  check_magic(bytes, name);
  IdxArray array;
  const std::size_t rank = byte_at(bytes, 3);
  for (std::size_t i = 0; i < rank; ++i) {
    const std::size_t at = kMagicSize + kDimSize * i;
    array.dims.push_back(byte_at(bytes, at) << 24 | byte_at(bytes, at + 1) << 16 |
                         byte_at(bytes, at + 2) << 8 | byte_at(bytes, at + 3));
  }

  const auto expected = file_size(array.dims);
  const std::string dims = fmt::format("{}", fmt::join(array.dims, " x "));
  if (!expected) {
    refuse_file(name,
                fmt::format("has an IDX header of {}, more bytes than a file can hold", dims));
  }
  if (bytes.size() != *expected) {
    refuse_file(name, fmt::format("{}: {} bytes, but its IDX header of {} says {}",
                                  bytes.size() < *expected ? "is cut short" : "is too long",
                                  bytes.size(), dims, *expected));
  }
  const std::string_view payload = bytes.substr(kMagicSize + kDimSize * rank);
  array.values.assign(payload.begin(), payload.end());
  return array;
}

}  // namespace fmnist
