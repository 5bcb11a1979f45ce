#pragma once

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

namespace fmnist {

/// Standard output was closed by its reader: the program ends quietly.
class OutputClosed : public std::runtime_error {
 public:
  OutputClosed() : std::runtime_error("standard output was closed") {}
};

/// Writes `text` to standard output at once. Throws `OutputClosed` when nobody reads it any more
/// and `Error` (kRuntime) when it cannot be written (a full disk).
void print(const std::string& text);

/// Likewise `event` as a JSON line.
void print_json(const nlohmann::ordered_json& event);

}  // namespace fmnist
