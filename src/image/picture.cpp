#include "fmnist/image/picture.h"

#include <algorithm>
#include <system_error>

#include "fmnist/core/files.h"
#include "fmnist/data/gzip.h"
#include "fmnist/data/idx.h"
#include "image/formats.h"

namespace fmnist {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kPngMagic = "\x89PNG\r\n\x1a\n";
constexpr std::string_view kJpegMagic = "\xff\xd8\xff";
constexpr std::string_view kIdxMagic = "\0\0\x08"sv;
constexpr std::string_view kGzipMagic = "\x1f\x8b";

std::string megabytes(std::uintmax_t bytes) { return std::to_string(bytes >> 20) + " MB"; }

void check_file_size(std::uintmax_t size, const std::string& name, const PictureLimits& limits) {
  if (size <= limits.file_bytes) return;
  refuse_picture(name,
                 "has " + std::to_string(size) + " bytes, more than the " +
                     megabytes(limits.file_bytes) + " that a picture file may have",
                 "make it smaller");
}

Pictures decode_idx(std::string_view bytes, const std::string& name, const PictureLimits& limits) {
  IdxArray array = parse_idx(bytes, name);
  if (array.dims.size() != 3) {
    refuse_picture(name,
                   "holds IDX data of " + std::to_string(array.dims.size()) +
                       (array.dims.size() == 1 ? " dimension" : " dimensions") +
                       ", expected 3: pictures x height x width",
                   "give the file of the images, not that of the labels");
  }
  if (array.dims[0] == 0) refuse_picture(name, "is an IDX file without a picture");
  check_size(array.dims[2], array.dims[1], name, limits);
  if (array.values.size() > limits.pixels) {
    refuse_picture(name,
                   "holds " + std::to_string(array.values.size()) + " pixels, more than the " +
                       std::to_string(limits.pixels) + " that are read",
                   "split it");
  }
  return {.count = array.dims[0],
          .height = array.dims[1],
          .width = array.dims[2],
          .pixels = std::move(array.values),
          .is_series = true};
}

Pictures decode_plain(std::string_view bytes, const std::string& name,
                      const PictureLimits& limits) {
  // A file shorter than its magic number is still told by the part that is there.
  const auto begins_as = [&](std::string_view magic) {
    return !bytes.empty() && bytes.starts_with(magic.substr(0, bytes.size()));
  };
  if (bytes.empty()) refuse_picture(name, "is empty, expected a picture");
  if (begins_as(kPngMagic)) return decode_png(bytes, name, limits);
  if (begins_as(kJpegMagic)) return decode_jpeg(bytes, name, limits);
  if (begins_as(kIdxMagic)) return decode_idx(bytes, name, limits);
  if (begins_as("P2") || begins_as("P5")) return decode_pgm(bytes, name, limits);
  refuse_picture(name, "is not a PNG, JPEG, PGM (P2, P5) or IDX file",
                 "convert it to one of these, for example with: convert PICTURE picture.png");
}

}  // namespace

void check_size(std::uint64_t width, std::uint64_t height, const std::string& name,
                const PictureLimits& limits) {
  const std::string size = std::to_string(width) + " x " + std::to_string(height);
  if (width == 0 || height == 0) refuse_picture(name, "is a picture of " + size + " pixels");
  if (width > limits.pixels / height) {
    refuse_picture(name,
                   "is a picture of " + size + " pixels, more than the " +
                       std::to_string(limits.pixels) + " that are read",
                   "make it smaller");
  }
}

Pictures decode_pictures(std::string_view bytes, const std::string& name,
                         const PictureLimits& limits) {
  check_file_size(bytes.size(), name, limits);
  if (!bytes.starts_with(kGzipMagic)) return decode_plain(bytes, name, limits);
  return decode_plain(gunzip(bytes, name, limits.file_bytes), name, limits);
}

Pictures read_pictures(const std::filesystem::path& path, const PictureLimits& limits) {
  std::error_code unknown_size;
  const std::uintmax_t size = std::filesystem::file_size(path, unknown_size);
  if (!unknown_size) check_file_size(size, path.string(), limits);
  return decode_pictures(read_file(path, ErrorKind::kData), path.string(), limits);
}

}  // namespace fmnist
