#include "fmnist/run/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "fmnist/core/error.h"
#include "fmnist/core/text.h"

namespace fmnist {

static_assert(std::endian::native == std::endian::little, "files hold little-endian values");

namespace {

using nlohmann::json;

constexpr std::size_t kLengthSize = 8;  // of the header's length, in front of it

[[noreturn]] void reject(const std::string& name, const std::string& why) {
  throw Error(ErrorKind::kCheckpoint, fmt::format("cannot read '{}': {}", name, why),
              "it is damaged or not a file this program reads: give another checkpoint");
}

/// What `value` is, for a message that it is out of place.
std::string_view kind_of(const json& value) {
  constexpr std::array<std::string_view, 8> kKinds = {
      // in the order of json::value_t
      "null",      "an object",         "a list",   "text",
      "a boolean", "a negative number", "a number", "a fraction or a number over 64 bits"};
  return kKinds.at(static_cast<std::size_t>(value.type()));
}

/// Checks the form of a header; `name` stands for the file in messages.
class HeaderCheck {
 public:
  explicit HeaderCheck(const std::string& name) : name_(name) {}

  /// Sees every piece as it is read: a parsed value no longer shows repeated keys, and nesting
  /// deeper than that of a header would cost time.
  bool operator()(int depth, json::parse_event_t event, const json& piece) {
    if (event == json::parse_event_t::object_start && depth == 1) inner_keys_.clear();
    if (event == json::parse_event_t::object_start && depth == 2) misplaced("an object");
    if (event == json::parse_event_t::array_start && depth != 2) misplaced("a list");
    if (event != json::parse_event_t::key) return true;
    const std::string& key = piece.get_ref<const std::string&>();
    if (!(depth == 1 ? outer_keys_ : inner_keys_).insert(key).second)
      refuse(fmt::format("the key {} occurs twice", printable(key)));
    if (depth == 1) {
      entry_ = key;
    } else if (!in_metadata() && key != "dtype" && key != "shape" && key != "data_offsets") {
      refuse(fmt::format("tensor {} has an unknown field {}", printable(entry_), printable(key)));
    }
    return true;
  }

  void check(const json& header) {
    for (const auto& [key, entry] : header.items()) {
      entry_ = key;
      if (!entry.is_object()) misplaced(kind_of(entry));
      if (!in_metadata() && entry.size() != 3) {
        refuse(fmt::format("tensor {} lacks its dtype, shape or data_offsets", printable(entry_)));
      }
      for (const auto& [field, value] : entry.items()) {
        if (in_metadata() || field == "dtype") {
          if (!value.is_string()) misplaced(kind_of(value));
        } else {
          check_list(value);
        }
      }
    }
  }

  [[noreturn]] void refuse(const std::string& problem) const {
    reject(name_, "in its header, " + problem);
  }

 private:
  bool in_metadata() const { return entry_ == "__metadata__"; }

  void check_list(const json& list) const {
    if (!list.is_array()) misplaced(kind_of(list));
    for (const json& element : list)
      if (!element.is_number_unsigned()) misplaced(kind_of(element));
  }

  [[noreturn]] void misplaced(std::string_view what) const {
    refuse(fmt::format("it has {} out of place at {}", what, printable(entry_)));
  }

  const std::string& name_;
  std::string entry_;  // the key of the tensor or the metadata
  std::set<std::string> outer_keys_;
  std::set<std::string> inner_keys_;
};

/// The JSON `text` of a header: an object whose "__metadata__", if any, maps text to text and whose
/// other entries have just the fields "dtype" (text), "shape" and "data_offsets" (lists of whole
/// numbers), not yet checked against the file. Throws unless it has exactly this form, with every
/// key once and nothing but spaces after it.
json parse_header(std::string_view text, const std::string& name) {
  if (text.empty() || text.front() != '{') {
    reject(name, "its header does not begin with '{'");
  }
  // The JSON parser takes a zero byte for the end and would not look at what follows.
  if (text.find('\0') != std::string_view::npos) {
    reject(name, "its header holds a zero byte");
  }
  // "{" was checked, so something is not a space.
  const std::size_t end = text.find_last_not_of(' ') + 1;
  if (text[end - 1] != '}') {
    reject(name, "its header does not end with '}' and spaces");
  }
  HeaderCheck check(name);
  json header;
  try {
    header = json::parse(text.substr(0, end), std::ref(check));
  } catch (const json::parse_error& error) {
    check.refuse(fmt::format("it is not valid JSON at byte {}", error.byte));
  } catch (const json::out_of_range&) {
    check.refuse("it has a number that no type holds");
  }
  check.check(header);
  return header;
}

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
    reject(name, fmt::format("tensor {} has {} data_offsets, expected 2", printable(tensor),
                             offsets.size()));
  }
  return {offsets[0].get<std::uint64_t>(), offsets[1].get<std::uint64_t>()};
}

/// The tensor called `tensor_name` with the header's `entry`; its bytes at `extent` in `data` must
/// begin at `expected_begin`.
Tensor read_tensor(const std::string& tensor_name, const json& entry, const Extent& extent,
                   std::uint64_t expected_begin, std::string_view data, const std::string& name) {
  const auto refuse = [&](const std::string& why) {
    reject(name, fmt::format("tensor {} {}", printable(tensor_name), why));
  };
  const std::string type_name = entry.at("dtype");
  const auto dtype = from_string<Dtype>(type_name);
  if (!dtype) {
    refuse(fmt::format("has the type {}, expected one of {}", printable(type_name),
                       fmt::join(kEnumNames<Dtype>, ", ")));
  }
  Tensor tensor{.name = tensor_name, .dtype = *dtype, .shape = {}, .bytes = {}};
  for (const std::uint64_t dim : entry.at("shape")) {
    if (dim > INT64_MAX) refuse("has a dimension over 63 bits");
    tensor.shape.push_back(static_cast<std::int64_t>(dim));
  }
  const auto [begin, end] = extent;
  if (begin != expected_begin) {
    refuse(
        fmt::format("begins at byte {}, expected {}: tensors must follow each other without "
                    "hole or overlap",
                    begin, expected_begin));
  }
  if (end < begin || end > data.size())
    refuse(fmt::format("ends at byte {}, expected {} to {}", end, begin, data.size()));
  const auto expected = bytes_of(tensor.dtype, tensor.shape);
  if (!expected || *expected != end - begin) {
    refuse(fmt::format("has {} bytes, {} needs {}", end - begin,
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
    reject(name, fmt::format("it has {} bytes, expected at least the 8 of the header's "
                             "length",
                             bytes.size()));
  }
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), kLengthSize);
  bytes.remove_prefix(kLengthSize);
  if (length > kMaxSafetensorsHeader) {
    reject(name, fmt::format("its header says to have {} bytes, at most {} are read", length,
                             kMaxSafetensorsHeader));
  }
  if (length > bytes.size()) {
    reject(name,
           fmt::format("its header says to have {} bytes, only {} follow", length, bytes.size()));
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
  const json header = parse_header(text, name);
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
    reject(name,
           fmt::format("its tensors have {} bytes, but {} follow the header", end, data.size()));
  }
  return file;
}

}  // namespace fmnist
