// Any bytes are pictures of the size they say, which can be fitted, or an `Error`.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "fmnist/core/error.h"
#include "fmnist/image/fit.h"
#include "fmnist/image/picture.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  constexpr fmnist::PictureLimits kLimits{.file_bytes = 1 << 20, .pixels = 1 << 16};
  try {
    const auto pictures =
        fmnist::decode_pictures({reinterpret_cast<const char*>(input), size}, "input", kLimits);
    if (pictures.count == 0 || pictures.pixels.size() > kLimits.pixels ||
        pictures.pixels.size() != pictures.count * pictures.height * pictures.width)
      std::abort();
    fmnist::fit_picture(pictures.picture(pictures.count - 1), pictures.height, pictures.width,
                        fmnist::Inversion::kAuto);
  } catch (const fmnist::Error&) {
  }
  return 0;
}
