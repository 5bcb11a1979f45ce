// Any bytes inflate to at most the limit, or are refused with an `Error`.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "fmnist/core/error.h"
#include "fmnist/data/gzip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  constexpr std::size_t kLimit = 1 << 16;
  try {
    const auto inflated =
        fmnist::gunzip({reinterpret_cast<const char*>(input), size}, "input", kLimit);
    if (inflated.size() > kLimit) std::abort();
  } catch (const fmnist::Error&) {
  }
  return 0;
}
