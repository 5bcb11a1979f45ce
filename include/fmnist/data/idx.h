#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fmnist {

/// The content of an IDX file of unsigned bytes (http://yann.lecun.com/exdb/mnist): `dims` from the
/// header and the payload, whose size is their product.
struct IdxArray {
  std::vector<std::uint32_t> dims;
  std::vector<std::uint8_t> values;
};

/// Parses IDX `bytes` (not compressed); `name` stands for the file in messages. Throws `Error`
/// (kData) on a wrong magic number, another type than unsigned byte, a missing dimension, or a size
/// that differs from header + product of dimensions in either direction.
IdxArray parse_idx(std::string_view bytes, const std::string& name);

}  // namespace fmnist
