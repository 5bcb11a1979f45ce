#include "fmnist/image/png_writer.h"

#include <fmt/format.h>
#include <png.h>

#include <array>

#include "fmnist/core/error.h"

namespace fmnist {

std::string encode_png(const Picture& picture) {
  const auto& [pixels, width, height, channels] = picture;
  constexpr std::array<png_uint_32, 4> kFormats = {PNG_FORMAT_GRAY, PNG_FORMAT_GA, PNG_FORMAT_RGB,
                                                   PNG_FORMAT_RGBA};
  const auto fail = [](const char* why) {
    throw Error(ErrorKind::kRuntime, fmt::format("cannot write a PNG picture: {}", why));
  };
  if (width < 1 || height < 1 || channels < 1 || channels > 4 ||
      pixels.size() != static_cast<std::size_t>(width) * static_cast<std::size_t>(height) *
                           static_cast<std::size_t>(channels)) {
    fail("its size does not fit its samples");
  }
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = kFormats[static_cast<std::size_t>(channels) - 1];
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::string bytes(size, '\0');
  if (png_image_write_to_memory(&image, bytes.data(), &size, 0, pixels.data(), 0, nullptr) == 0)
    fail(image.message);
  bytes.resize(size);
  return bytes;
}

}  // namespace fmnist
