#include "fmnist/run/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "fmnist/core/error.h"
#include "fmnist/core/text.h"
#include "run/safetensors_header.h"

namespace fmnist {

static_assert(std::endian::native == std::endian::little, "files hold little-endian values");

namespace {

using nlohmann::json;

constexpr std::size_t kLengthSize = 8;  // of the header's length, in front of it

constexpr std::array<std::uint64_t, 5> kDtypeSizes = {1, 4, 8, 4, 8};
static_assert(kDtypeSizes.size() == kEnumNames<Dtype>.size());

/// Bytes of a tensor, or nothing when that number overflows.
std::optional<std::uint64_t> bytes_of(Dtype dtype, std::span<const std::int64_t> shape) {
  std::uint64_t bytes = kDtypeSizes[static_cast<std::size_t>(dtype)];
  for (const std::int64_t dim : shape) {
    if (dim < 0 || __builtin_mul_overflow(bytes, static_cast<std::uint64_t>(dim), &bytes)) {
      return std::nullopt;
    }
  }
  return bytes;
}

/// Where the bytes of a tensor begin and end, counted after the header.
using Extent = std::pair<std::uint64_t, std::uint64_t>;

Extent extent_of(const std::string& tensor, const json& entry, const std::string& name) {
  const json& offsets = entry.at("data_offsets");
  if (offsets.size() != 2) {
    reject_safetensors(name, fmt::format("tensor {} has {} data_offsets, expected 2",
                                         printable(tensor), offsets.size()));
  }
  return {offsets[0].get<std::uint64_t>(), offsets[1].get<std::uint64_t>()};
}

/// The tensor called `tensor_name` with the header's `entry`; its bytes at `extent` in `data` must
/// begin at `expected_begin`.
Tensor read_tensor(const std::string& tensor_name, const json& entry, const Extent& extent,
                   std::uint64_t expected_begin, std::string_view data, const std::string& name) {
  const auto reject = [&](const std::string& why) {
    reject_safetensors(name, fmt::format("tensor {} {}", printable(tensor_name), why));
  };
  const std::string type_name = entry.at("dtype");
  const auto dtype = from_string<Dtype>(type_name);
  if (!dtype) {
    reject(fmt::format("has the type {}, expected one of {}", printable(type_name),
                       fmt::join(kEnumNames<Dtype>, ", ")));
  }
  Tensor tensor{.name = tensor_name, .dtype = *dtype, .shape = {}, .bytes = {}};
  for (const std::uint64_t dim : entry.at("shape")) {
    if (dim > INT64_MAX) reject("has a dimension over 63 bits");
    tensor.shape.push_back(static_cast<std::int64_t>(dim));
  }
  const auto [begin, end] = extent;
  if (begin != expected_begin) {
    reject(
        fmt::format("begins at byte {}, expected {}: tensors must follow each other without "
                    "hole or overlap",
                    begin, expected_begin));
  }
  if (end < begin || end > data.size())
    reject(fmt::format("ends at byte {}, expected {} to {}", end, begin, data.size()));
  const auto expected = bytes_of(tensor.dtype, tensor.shape);
  if (!expected || *expected != end - begin) {
    reject(fmt::format("has {} bytes, {} needs {}", end - begin,
                       describe(tensor.dtype, tensor.shape),
                       expected ? std::to_string(*expected) : "more than 64 bits can count"));
  }
  const auto bytes = std::as_bytes(std::span(data)).subspan(begin, end - begin);
  tensor.bytes.assign(bytes.begin(), bytes.end());
  return tensor;
}

/// The file's header text and the bytes after it.
std::pair<std::string_view, std::string_view> divide(std::string_view bytes,
                                                     const std::string& name) {
  if (bytes.starts_with("PK\3\4")) {
    throw Error(
        ErrorKind::kCheckpoint,
        fmt::format("cannot read '{}': it is a zip archive, expected a safetensors file", name),
        "if torch.save wrote it, save the state_dict with safetensors.torch.save_file");
  }
  if (bytes.size() < kLengthSize) {
    reject_safetensors(name, fmt::format("it has {} bytes, expected at least the 8 of the header's "
                                         "length",
                                         bytes.size()));
  }
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), kLengthSize);
  bytes.remove_prefix(kLengthSize);
  if (length > kMaxSafetensorsHeader) {
    reject_safetensors(name, fmt::format("its header says to have {} bytes, at most {} are read",
                                         length, kMaxSafetensorsHeader));
  }
  if (length > bytes.size()) {
    reject_safetensors(name, fmt::format("its header says to have {} bytes, only {} follow", length,
                                         bytes.size()));
  }
  return {bytes.substr(0, length), bytes.substr(length)};
}

[[noreturn]] void refuse_to_write(const std::string& why) {
  throw Error(ErrorKind::kCheckpoint, fmt::format("cannot write a safetensors file: {}", why));
}

/// The JSON header for `file` with the padding that aligns the tensors to 8 bytes.
std::string header_text(const SafetensorsFile& file) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!file.metadata.empty()) header["__metadata__"] = file.metadata;
  std::set<std::string_view> names{"__metadata__"};
  std::uint64_t offset = 0;
  for (const Tensor& tensor : file.tensors) {
    const std::string what = fmt::format("tensor {}", printable(tensor.name));
    if (!names.insert(tensor.name).second)
      refuse_to_write(fmt::format("{} has a name that is taken", what));
    if (bytes_of(tensor.dtype, tensor.shape) != tensor.bytes.size()) {
      refuse_to_write(fmt::format("{} has {} bytes for {}", what, tensor.bytes.size(),
                                  describe(tensor.dtype, tensor.shape)));
    }
    const std::uint64_t end = offset + tensor.bytes.size();
    header[tensor.name] = {{"dtype", to_string(tensor.dtype)},
                           {"shape", tensor.shape},
                           {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const json::exception&) {
    refuse_to_write("a name or the metadata is not UTF-8");
  }
  text.append((8 - text.size() % 8) % 8, ' ');
  if (text.size() > kMaxSafetensorsHeader) {
    refuse_to_write(fmt::format("its header would have {} bytes, at most {} are read", text.size(),
                                kMaxSafetensorsHeader));
  }
  return text;
}

}  // namespace

std::string describe(Dtype dtype, std::span<const std::int64_t> shape) {
  return fmt::format("{} [{}]", to_string(dtype), fmt::join(shape, ", "));
}

const Tensor* find_tensor(const SafetensorsFile& file, std::string_view name) {
  const auto found = std::find_if(file.tensors.begin(), file.tensors.end(),
                                  [&](const Tensor& tensor) { return tensor.name == name; });
  return found == file.tensors.end() ? nullptr : &*found;
}

std::string to_safetensors(const SafetensorsFile& file) {
  const std::string header = header_text(file);
  const std::uint64_t length = header.size();
  std::string bytes(reinterpret_cast<const char*>(&length), kLengthSize);
  bytes += header;
  for (const Tensor& tensor : file.tensors) {
    bytes.append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
  }
  return bytes;
}

SafetensorsFile parse_safetensors(std::string_view bytes, const std::string& name) {
  const auto [text, data] = divide(bytes, name);
  const json header = parse_safetensors_header(text, name);
  SafetensorsFile file;
  std::vector<std::pair<Extent, std::string>> tensors;  // in the order of their bytes
  for (const auto& [key, entry] : header.items()) {
    if (key == "__metadata__") {
      entry.get_to(file.metadata);
    } else {
      tensors.emplace_back(extent_of(key, entry, name), key);
    }
  }
  std::ranges::sort(tensors);
  std::uint64_t end = 0;
  for (const auto& [extent, key] : tensors) {
    file.tensors.push_back(read_tensor(key, header.at(key), extent, end, data, name));
    end = extent.second;
  }
  if (end != data.size()) {
    reject_safetensors(
        name, fmt::format("its tensors have {} bytes, but {} follow the header", end, data.size()));
  }
  return file;
}

}  // namespace fmnist
