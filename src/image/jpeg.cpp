// clang-format off
#include <cstdio>  // jpeglib.h needs it first
#include <jpeglib.h>
#include <jerror.h>
// clang-format on

#include <fmt/format.h>

#include <array>

#include "image/formats.h"
#include "image/jump.h"

namespace fmnist {
namespace {

/// A progressive file of a few kilobytes can ask for any number of passes over the whole picture;
/// real ones have about ten.
constexpr int kMaxScans = 100;
constexpr int kExifMarker = JPEG_APP0 + 1;
constexpr unsigned kMaxMarker = 65'535;

/// libjpeg's state for one file. TurboJPEG, its other interface, needs no jump, but tells of the
/// first warning only: a file that begins with a harmless one may be cut, and nobody would hear.
struct Reader {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  Jump jump;
  bool cut = false;
  bool too_many_scans = false;
  std::array<char, JMSG_LENGTH_MAX> message{};

  Reader() = default;
  ~Reader() { jpeg_destroy_decompress(&info); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
};

Reader& reader_of(j_common_ptr info) { return *static_cast<Reader*>(info->client_data); }

[[noreturn]] void on_error(j_common_ptr info) {
  Reader& reader = reader_of(info);
  reader.errors.format_message(info, reader.message.data());
  reader.jump.back();
}

/// Warnings are only heard where they say that data is missing; libjpeg would make up grey for it.
void on_message(j_common_ptr info, int level) {
  const int code = info->err->msg_code;
  if (level >= 0 || (code != JWRN_JPEG_EOF && code != JWRN_HIT_MARKER)) return;
  reader_of(info).cut = true;
  reader_of(info).jump.back();
}

void on_output(j_common_ptr) {}

void on_progress(j_common_ptr info) {
  Reader& reader = reader_of(info);
  if (reader.info.input_scan_number <= kMaxScans) return;
  reader.too_many_scans = true;
  reader.jump.back();
}

void read_header(Reader& reader, std::string_view bytes) {
  reader.info.err = jpeg_std_error(&reader.errors);
  reader.info.client_data = &reader;
  reader.errors.error_exit = on_error;
  reader.errors.emit_message = on_message;
  reader.errors.output_message = on_output;
  jpeg_create_decompress(&reader.info);
  reader.progress.progress_monitor = on_progress;
  reader.info.progress = &reader.progress;
  jpeg_mem_src(&reader.info, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_save_markers(&reader.info, kExifMarker, kMaxMarker);
  jpeg_read_header(&reader.info, TRUE);
}

/// Grey rows into `pixels` [height, width]; of YCbCr that is Y, the luma of BT.601 as it stands.
void read_rows(Reader& reader, std::uint8_t* pixels) {
  reader.info.out_color_space = JCS_GRAYSCALE;
  jpeg_start_decompress(&reader.info);
  while (reader.info.output_scanline < reader.info.output_height) {
    JSAMPROW row = pixels + std::size_t{reader.info.output_scanline} * reader.info.output_width;
    jpeg_read_scanlines(&reader.info, &row, 1);
  }
  jpeg_finish_decompress(&reader.info);
}

unsigned orientation_of(const Reader& reader) {
  for (auto marker = reader.info.marker_list; marker != nullptr; marker = marker->next) {
    const unsigned orientation =
        exif_orientation({reinterpret_cast<const char*>(marker->data), marker->data_length});
    if (orientation != 1) return orientation;
  }
  return 1;
}

void check_colours(J_COLOR_SPACE space, const std::string& name) {
  if (space == JCS_GRAYSCALE || space == JCS_YCbCr || space == JCS_RGB) return;
  const bool print = space == JCS_CMYK || space == JCS_YCCK;
  refuse_picture(name,
                 print ? "is a JPEG file in the colours of print (CMYK), expected grey or RGB"
                       : "is a JPEG file in unknown colours, expected grey or RGB",
                 "convert it, for example with: convert PICTURE -colorspace sRGB picture.png");
}

}  // namespace

Pictures decode_jpeg(std::string_view bytes, const std::string& name, const PictureLimits& limits) {
  Reader reader;
  const auto require = [&](const auto& calls) {
    if (reader.jump.attempt(calls)) return;
    if (reader.cut) refuse_picture(name, "is a JPEG file that is cut short or damaged");
    if (reader.too_many_scans) {
      refuse_picture(
          name,
          fmt::format("is a JPEG file of more than {} scans, which no program writes", kMaxScans),
          "save it anew");
    }
    refuse_picture(name, fmt::format("is a damaged JPEG file: {}", reader.message.data()));
  };
  require([&] { read_header(reader, bytes); });
  const std::size_t width = reader.info.image_width;
  const std::size_t height = reader.info.image_height;
  check_size(width, height, name, limits);
  check_colours(reader.info.jpeg_color_space, name);

  Pictures stored{.count = 1, .height = height, .width = width, .pixels = {}};
  stored.pixels.resize(width * height);
  const unsigned orientation = orientation_of(reader);  // libjpeg forgets it with the last row
  require([&] { read_rows(reader, stored.pixels.data()); });
  return upright(std::move(stored), orientation);
}

}  // namespace fmnist
