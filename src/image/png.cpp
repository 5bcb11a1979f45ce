#include <fmt/format.h>
#include <png.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <new>

#include "image/formats.h"
#include "image/jump.h"

namespace fmnist {
namespace {

/// What a text, profile or other extra chunk may inflate to.
constexpr png_alloc_size_t kMaxChunk = png_alloc_size_t{8} << 20;

/// libpng's state for one file. Its simplified interface needs no jump, but bends greys by the
/// file's gamma, reads files without an end, and neither limits chunks nor gives access to them.
struct Reader {
  std::string_view rest;
  png_structp png = nullptr;
  png_infop info = nullptr;
  Jump jump;
  bool cut = false;
  std::array<char, 160> message{};

  explicit Reader(std::string_view bytes) : rest(bytes) {}
  ~Reader() { png_destroy_read_struct(&png, &info, nullptr); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
};

[[noreturn]] void on_error(png_structp png, png_const_charp message) {
  auto* const reader = static_cast<Reader*>(png_get_error_ptr(png));
  std::snprintf(reader->message.data(), reader->message.size(), "%s", message);
  reader->jump.back();
}

void on_warning(png_structp, png_const_charp) {}

void on_read(png_structp png, png_bytep destination, png_size_t size) {
  auto* const reader = static_cast<Reader*>(png_get_io_ptr(png));
  if (size > reader->rest.size()) {
    reader->cut = true;
    png_error(png, "the file ends too early");
  }
  std::memcpy(destination, reader->rest.data(), size);
  reader->rest.remove_prefix(size);
}

void open(Reader& reader) {
  reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, on_error, on_warning);
  if (reader.png != nullptr) reader.info = png_create_info_struct(reader.png);
}

void read_header(Reader& reader) {
  png_set_read_fn(reader.png, &reader, on_read);
  png_set_user_limits(reader.png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // `check_size` says it better
  png_set_chunk_malloc_max(reader.png, kMaxChunk);
  png_read_info(reader.png, reader.info);
}

/// Asks for 8-bit samples, without palette, and with an alpha channel where there is transparency.
void ask_for_samples(Reader& reader) {
  png_set_expand(reader.png);
  png_set_scale_16(reader.png);
  png_set_interlace_handling(reader.png);
  png_read_update_info(reader.png, reader.info);
}

}  // namespace

Pictures decode_png(std::string_view bytes, const std::string& name, const PictureLimits& limits) {
  Reader reader(bytes);
  const auto require = [&](const auto& calls) {
    if (reader.jump.attempt(calls)) return;
    if (reader.cut) refuse_picture(name, "is a PNG file that is cut short");
    refuse_picture(name, fmt::format("is a damaged PNG file: {}", reader.message.data()));
  };
  require([&] { open(reader); });
  if (reader.info == nullptr) throw std::bad_alloc();
  require([&] { read_header(reader); });
  const std::size_t width = png_get_image_width(reader.png, reader.info);
  const std::size_t height = png_get_image_height(reader.png, reader.info);
  check_size(width, height, name, limits);
  require([&] { ask_for_samples(reader); });

  const std::size_t channels = png_get_channels(reader.png, reader.info);
  const std::size_t row_size = png_get_rowbytes(reader.png, reader.info);
  std::vector<std::uint8_t> samples(row_size * height);
  std::vector<png_bytep> rows(height);
  for (std::size_t row = 0; row < height; ++row) rows[row] = &samples[row * row_size];
  require([&] {
    png_read_image(reader.png, rows.data());
    png_read_end(reader.png, nullptr);
  });
  return {.count = 1, .height = height, .width = width, .pixels = to_grey(samples, channels)};
}

}  // namespace fmnist
