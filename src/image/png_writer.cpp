#include "fmnist/image/png_writer.h"

#include <png.h>

#include <stdexcept>

namespace fmnist {

std::string encode_png(const std::vector<std::uint8_t>& pixels, int width, int height,
                       int channels) {
  const auto samples = static_cast<std::size_t>(width) * static_cast<std::size_t>(height) *
                       static_cast<std::size_t>(channels);
  if ((channels != 1 && channels != 3) || samples == 0 || pixels.size() != samples)
    throw std::invalid_argument("encode_png: the pixels are not those of such a picture");
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::string bytes(size, '\0');
  if (png_image_write_to_memory(&image, bytes.data(), &size, /*convert_to_8bit=*/0, pixels.data(),
                                /*row_stride=*/0, /*colormap=*/nullptr) == 0) {
    throw std::runtime_error(std::string("encode_png: ") + image.message);
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace fmnist
