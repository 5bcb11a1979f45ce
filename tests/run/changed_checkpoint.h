#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "fmnist/core/digest.h"
#include "fmnist/run/safetensors.h"

namespace fmnist {

/// The checkpoint `bytes` changed by `change`; with `seal` its metadata digest is made to fit
/// again.
inline std::string changed(const std::string& bytes, bool seal,
                           const std::function<void(SafetensorsFile&)>& change) {
  SafetensorsFile file = parse_safetensors(bytes, "file");
  change(file);
  if (seal) {
    file.metadata.erase("metadata_sha256");
    const std::string text = nlohmann::json(file.metadata).dump();
    file.metadata["metadata_sha256"] = sha256_hex(std::as_bytes(std::span(text)));
  }
  return to_safetensors(file);
}

/// Likewise with the metadata `key` set to `value`, sealed.
inline std::string with_metadata(const std::string& bytes, const std::string& key,
                                 const std::string& value) {
  return changed(bytes, true, [&](SafetensorsFile& file) { file.metadata[key] = value; });
}

}  // namespace fmnist
