// Any bytes are read or refused with an `Error`; what was read can be written and read again.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "fmnist/core/error.h"
#include "fmnist/run/checkpoint.h"
#include "fmnist/run/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(input), size);
  fmnist::SafetensorsFile file;
  try {
    file = fmnist::parse_safetensors(bytes, "input");
  } catch (const fmnist::Error&) {
    return 0;
  }
  if (fmnist::parse_safetensors(fmnist::to_safetensors(file), "rewritten") != file) std::abort();
  try {
    fmnist::decode_model(bytes, "input");
    fmnist::decode_state(bytes, "input");
  } catch (const fmnist::Error&) {
  }
  return 0;
}
