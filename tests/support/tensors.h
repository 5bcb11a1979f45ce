#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

#include "fmnist/run/safetensors.h"

namespace fmnist {

/// The elements of `tensor`, which must be of type T.
template <typename T>
std::vector<T> elements(const Tensor& tensor) {
  constexpr Dtype kWanted = std::is_same_v<T, std::uint8_t>   ? Dtype::kU8
                            : std::is_same_v<T, std::int32_t> ? Dtype::kI32
                            : std::is_same_v<T, std::int64_t> ? Dtype::kI64
                            : std::is_same_v<T, float>        ? Dtype::kF32
                                                              : Dtype::kF64;
  EXPECT_EQ(tensor.dtype, kWanted) << tensor.name;
  std::vector<T> values(tensor.bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), tensor.bytes.data(), values.size() * sizeof(T));
  return values;
}

}  // namespace fmnist
