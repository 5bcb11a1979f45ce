#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace fmnist {

/// SHA-256 of `bytes` as 64 lower-case hexadecimal digits.
std::string sha256_hex(std::span<const std::byte> bytes);

/// Likewise of all `pieces`, one after the other.
std::string sha256_hex_of(const std::vector<std::span<const std::byte>>& pieces);

}  // namespace fmnist
