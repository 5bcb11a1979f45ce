// Any bytes are an IDX array whose payload has the size of its dimensions, or an `Error`.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "fmnist/core/error.h"
#include "fmnist/data/idx.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  try {
    const auto array = fmnist::parse_idx({reinterpret_cast<const char*>(input), size}, "input");
    std::uint64_t expected = 1;
    for (const std::uint32_t dim : array.dims) expected *= dim;
    if (array.values.size() != expected) std::abort();
  } catch (const fmnist::Error&) {
  }
  return 0;
}
