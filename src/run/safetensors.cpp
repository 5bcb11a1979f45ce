#include "fmnist/run/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "fmnist/core/error.h"
#include "run/printable.h"
#include "run/safetensors_header.h"

namespace fmnist {

static_assert(std::endian::native == std::endian::little, "files hold little-endian values");

namespace {

constexpr std::size_t kLengthSize = 8;  // of the header's length, in front of it

struct DtypeInfo {
  Dtype dtype;
  std::string_view name;
  std::size_t size;
};

constexpr DtypeInfo kDtypes[] = {{Dtype::kU8, "U8", 1},
                                 {Dtype::kI32, "I32", 4},
                                 {Dtype::kI64, "I64", 8},
                                 {Dtype::kF32, "F32", 4},
                                 {Dtype::kF64, "F64", 8}};

const DtypeInfo& info_of(Dtype dtype) {
  return *std::find_if(std::begin(kDtypes), std::end(kDtypes),
                       [&](const DtypeInfo& info) { return info.dtype == dtype; });
}

/// The type called `dtype`, or an error that names the tensor and the known ones.
Dtype dtype_named(const HeaderEntry& entry, const std::string& name) {
  std::string known;
  for (const auto& info : kDtypes) {
    if (info.name == entry.dtype) return info.dtype;
    known += (known.empty() ? "" : ", ") + std::string(info.name);
  }
  reject_safetensors(name, "tensor " + printable(entry.name) + " has the type " +
                               printable(entry.dtype) + ", expected one of " + known);
}

/// Bytes of a tensor, or nothing when that number overflows.
std::optional<std::uint64_t> bytes_of(Dtype dtype, std::span<const std::int64_t> shape) {
  std::uint64_t bytes = size_of(dtype);
  for (const std::int64_t dim : shape) {
    if (dim < 0 || __builtin_mul_overflow(bytes, static_cast<std::uint64_t>(dim), &bytes)) {
      return std::nullopt;
    }
  }
  return bytes;
}

/// The tensor of `entry`, whose bytes must begin at `begin` in `data`.
Tensor take_tensor(const HeaderEntry& entry, std::uint64_t begin, std::string_view data,
                   const std::string& name) {
  Tensor tensor{.name = entry.name, .dtype = dtype_named(entry, name), .shape = {}, .bytes = {}};
  const auto reject = [&](const std::string& why) {
    reject_safetensors(name, "tensor " + printable(entry.name) + " " + why);
  };
  for (const std::uint64_t dim : entry.shape) {
    if (dim > INT64_MAX) reject("has a dimension over 63 bits");
    tensor.shape.push_back(static_cast<std::int64_t>(dim));
  }
  const std::uint64_t end = entry.offsets[1];
  if (entry.offsets[0] != begin) {
    reject("begins at byte " + std::to_string(entry.offsets[0]) + ", expected " +
           std::to_string(begin) + ": tensors must follow each other without hole or overlap");
  }
  if (end < begin || end > data.size()) {
    reject("ends at byte " + std::to_string(end) + ", expected " + std::to_string(begin) + " to " +
           std::to_string(data.size()));
  }
  const auto expected = bytes_of(tensor.dtype, tensor.shape);
  if (!expected || *expected != end - begin) {
    reject("has " + std::to_string(end - begin) + " bytes, " +
           describe(tensor.dtype, tensor.shape) + " needs " +
           (expected ? std::to_string(*expected) : "more than 64 bits can count"));
  }
  const auto bytes = std::as_bytes(std::span(data)).subspan(begin, end - begin);
  tensor.bytes.assign(bytes.begin(), bytes.end());
  return tensor;
}

/// The file's header text and the bytes after it.
std::pair<std::string_view, std::string_view> divide(std::string_view bytes,
                                                     const std::string& name) {
  if (bytes.starts_with("PK\3\4")) {
    throw Error(ErrorKind::kCheckpoint,
                "cannot read '" + name + "': it is a zip archive, expected a safetensors file",
                "if torch.save wrote it, save the state_dict with safetensors.torch.save_file");
  }
  if (bytes.size() < kLengthSize) {
    reject_safetensors(name, "it has " + std::to_string(bytes.size()) +
                                 " bytes, expected at least the 8 of the header's length");
  }
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), kLengthSize);
  bytes.remove_prefix(kLengthSize);
  if (length > kMaxSafetensorsHeader) {
    reject_safetensors(name, "its header says to have " + std::to_string(length) +
                                 " bytes, at most " + std::to_string(kMaxSafetensorsHeader) +
                                 " are read");
  }
  if (length > bytes.size()) {
    reject_safetensors(name, "its header says to have " + std::to_string(length) + " bytes, only " +
                                 std::to_string(bytes.size()) + " follow");
  }
  return {bytes.substr(0, length), bytes.substr(length)};
}

[[noreturn]] void refuse_to_write(const std::string& why) {
  throw Error(ErrorKind::kCheckpoint, "cannot write a safetensors file: " + why);
}

/// The JSON header for `file` with the padding that aligns the tensors to 8 bytes.
std::string header_text(const SafetensorsFile& file) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!file.metadata.empty()) header["__metadata__"] = file.metadata;
  std::set<std::string_view> names{"__metadata__"};
  std::uint64_t offset = 0;
  for (const Tensor& tensor : file.tensors) {
    const std::string what = "tensor " + printable(tensor.name);
    if (!names.insert(tensor.name).second) refuse_to_write(what + " has a name that is taken");
    if (bytes_of(tensor.dtype, tensor.shape) != tensor.bytes.size()) {
      refuse_to_write(what + " has " + std::to_string(tensor.bytes.size()) + " bytes for " +
                      describe(tensor.dtype, tensor.shape));
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
  } catch (const nlohmann::json::exception&) {
    refuse_to_write("a name or the metadata is not UTF-8");
  }
  text.append((8 - text.size() % 8) % 8, ' ');
  if (text.size() > kMaxSafetensorsHeader) {
    refuse_to_write("its header would have " + std::to_string(text.size()) + " bytes, at most " +
                    std::to_string(kMaxSafetensorsHeader) + " are read");
  }
  return text;
}

}  // namespace

std::string_view to_string(Dtype dtype) { return info_of(dtype).name; }

std::size_t size_of(Dtype dtype) { return info_of(dtype).size; }

std::string describe(Dtype dtype, std::span<const std::int64_t> shape) {
  std::string text(to_string(dtype));
  text += " [";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  }
  return text + "]";
}

template <typename T>
std::vector<T> elements(const Tensor& tensor) {
  constexpr Dtype kWanted = std::is_same_v<T, std::uint8_t>   ? Dtype::kU8
                            : std::is_same_v<T, std::int32_t> ? Dtype::kI32
                            : std::is_same_v<T, std::int64_t> ? Dtype::kI64
                            : std::is_same_v<T, float>        ? Dtype::kF32
                                                              : Dtype::kF64;
  if (tensor.dtype != kWanted) {
    throw Error(ErrorKind::kCheckpoint, "tensor " + printable(tensor.name) + " is " +
                                            describe(tensor.dtype, tensor.shape) + ", expected " +
                                            std::string(to_string(kWanted)));
  }
  std::vector<T> values(tensor.bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), tensor.bytes.data(), values.size() * sizeof(T));
  return values;
}

template std::vector<std::uint8_t> elements(const Tensor&);
template std::vector<std::int32_t> elements(const Tensor&);
template std::vector<std::int64_t> elements(const Tensor&);
template std::vector<float> elements(const Tensor&);
template std::vector<double> elements(const Tensor&);

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
  SafetensorsHeader header = parse_safetensors_header(text, name);
  for (const HeaderEntry& entry : header.entries) {
    if (entry.offsets.size() != 2) {
      reject_safetensors(name, "tensor " + printable(entry.name) + " has " +
                                   std::to_string(entry.offsets.size()) +
                                   " data_offsets, expected 2");
    }
  }
  std::stable_sort(
      header.entries.begin(), header.entries.end(),
      [](const HeaderEntry& a, const HeaderEntry& b) { return a.offsets < b.offsets; });
  SafetensorsFile file{.metadata = std::move(header.metadata), .tensors = {}};
  std::uint64_t end = 0;
  for (const HeaderEntry& entry : header.entries) {
    file.tensors.push_back(take_tensor(entry, end, data, name));
    end = entry.offsets[1];
  }
  if (end != data.size()) {
    reject_safetensors(name, "its tensors have " + std::to_string(end) + " bytes, but " +
                                 std::to_string(data.size()) + " follow the header");
  }
  return file;
}

}  // namespace fmnist
