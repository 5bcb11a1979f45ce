#include "fmnist/core/parameters.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "fmnist/core/digest.h"

namespace fmnist {

static_assert(std::endian::native == std::endian::little, "files hold little-endian floats");

std::string fingerprint(const Parameters& parameters) {
  return sha256_hex(std::as_bytes(std::span(parameters.values)));
}

bool all_finite(const Parameters& parameters) {
  return std::all_of(parameters.values.begin(), parameters.values.end(),
                     [](float value) { return std::isfinite(value); });
}

}  // namespace fmnist
