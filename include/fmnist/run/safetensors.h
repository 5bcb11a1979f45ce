#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fmnist/core/names.h"

namespace fmnist {

/// The element types this program reads and writes, as safetensors names them.
enum class Dtype { kU8, kI32, kI64, kF32, kF64 };
template <>
inline constexpr std::array<std::string_view, 5> kEnumNames<Dtype>{"U8", "I32", "I64", "F32",
                                                                   "F64"};

/// A named array: row-major, little-endian `bytes`, as many as shape and type ask for.
struct Tensor {
  std::string name;
  Dtype dtype = Dtype::kF32;
  std::vector<std::int64_t> shape;  // empty: a scalar
  std::vector<std::byte> bytes;

  bool operator==(const Tensor&) const = default;
};

/// The type and shape for people, for example "F32 [10, 1, 5, 5]".
std::string describe(Dtype dtype, std::span<const std::int64_t> shape);

/// What a safetensors file holds: a free text-to-text map and tensors in the order of their bytes.
struct SafetensorsFile {
  std::map<std::string, std::string> metadata;
  std::vector<Tensor> tensors;

  bool operator==(const SafetensorsFile&) const = default;
};

/// The tensor called `name`, or nullptr.
const Tensor* find_tensor(const SafetensorsFile& file, std::string_view name);

/// The longest header that is read or written, in bytes: some 10,000 tensors. (The format's limit
/// of 100 MB would let a file of that size take a multiple of it in memory.)
inline constexpr std::uint64_t kMaxSafetensorsHeader = 1'000'000;

/// The bytes of a safetensors file (https://github.com/huggingface/safetensors): header length as
/// 64-bit little-endian, JSON header padded with spaces to a multiple of 8, tensors. Throws `Error`
/// (kCheckpoint) on what such a file cannot hold: a repeated or reserved name, bytes that do not
/// fit the shape, text that is not UTF-8, a header over the limit.
std::string to_safetensors(const SafetensorsFile& file);

/// Parses a whole safetensors file; `name` stands for it in messages. Stricter than the format
/// asks: throws `Error` (kCheckpoint) unless the tensors cover the bytes after the header exactly,
/// without hole or overlap, every name and key occurs once, and every entry has just its three
/// fields.
SafetensorsFile parse_safetensors(std::string_view bytes, const std::string& name);

}  // namespace fmnist
