#include "fmnist/image/picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "fmnist/core/files.h"
#include "fmnist/core/text.h"
#include "fmnist/data/gzip.h"
#include "fmnist/data/idx.h"
#include "image/formats.h"

namespace fmnist {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kPngMagic = "\x89PNG\r\n\x1a\n";
constexpr std::string_view kJpegMagic = "\xff\xd8\xff";
constexpr std::string_view kIdxMagic = "\0\0\x08"sv;

void check_file_size(std::uintmax_t size, const std::string& name, const PictureLimits& limits) {
  if (size <= limits.file_bytes) return;
  refuse_picture(name,
                 fmt::format("has {} bytes, more than the {} MB that a picture file may have", size,
                             limits.file_bytes >> 20),
                 "make it smaller");
}

Pictures decode_idx(std::string_view bytes, const std::string& name, const PictureLimits& limits) {
  IdxArray array = parse_idx(bytes, name);
  if (array.dims.size() != 3) {
    refuse_picture(name,
                   fmt::format("holds IDX data of {}, expected 3: pictures x height x width",
                               counted(array.dims.size(), "dimension")),
                   "give the file of the images, not that of the labels");
  }
  if (array.dims[0] == 0) refuse_picture(name, "is an IDX file without a picture");
  check_size(array.dims[2], array.dims[1], name, limits);
  if (array.values.size() > limits.pixels) {
    refuse_picture(name,
                   fmt::format("holds {} pixels, more than the {} that are read",
                               array.values.size(), limits.pixels),
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

void refuse_picture(const std::string& name, const std::string& problem, const std::string& hint) {
  refuse_file(name, problem, hint);
}

void check_size(std::uint64_t width, std::uint64_t height, const std::string& name,
                const PictureLimits& limits) {
  if (width == 0 || height == 0)
    refuse_picture(name, fmt::format("is a picture of {} x {} pixels", width, height));
  if (width > limits.pixels / height) {
    refuse_picture(name,
                   fmt::format("is a picture of {} x {} pixels, more than the {} that are read",
                               width, height, limits.pixels),
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
