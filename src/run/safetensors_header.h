#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace fmnist {

/// A tensor's entry in a safetensors header, not yet checked against the file.
struct HeaderEntry {
  std::string name;
  std::string dtype;
  std::vector<std::uint64_t> shape;
  std::vector<std::uint64_t> offsets;  // two: begin and end, in bytes after the header
};

struct SafetensorsHeader {
  std::map<std::string, std::string> metadata;
  std::vector<HeaderEntry> entries;  // as they stand in the JSON
};

/// Reads the JSON `text` of a safetensors header. Throws `Error` (kCheckpoint) naming `name` unless
/// it has exactly the form of one, with every key once and nothing but spaces after it.
SafetensorsHeader parse_safetensors_header(std::string_view text, const std::string& name);

/// Throws `Error` (kCheckpoint): file `name` cannot be read because `why`.
[[noreturn]] void reject_safetensors(const std::string& name, const std::string& why);

}  // namespace fmnist
