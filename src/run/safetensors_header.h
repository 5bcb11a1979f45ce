#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace fmnist {

/// The JSON `text` of a safetensors header: an object whose "__metadata__", if any, maps text to
/// text and whose other entries have just the fields "dtype" (text), "shape" and "data_offsets"
/// (lists of whole numbers), not yet checked against the file. Throws `Error` (kCheckpoint) naming
/// `name` unless it has exactly this form, with every key once and nothing but spaces after it.
nlohmann::json parse_safetensors_header(std::string_view text, const std::string& name);

/// Throws `Error` (kCheckpoint): file `name` cannot be read because `why`.
[[noreturn]] void reject_safetensors(const std::string& name, const std::string& why);

}  // namespace fmnist
