#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace fmnist {

/// Text from a file as it may stand in a message: quoted, ASCII, control characters escaped, short.
inline std::string printable(std::string_view text) {
  constexpr std::size_t kLongest = 80;
  using nlohmann::json;
  std::string quoted = json(text).dump(-1, ' ', true, json::error_handler_t::replace);
  if (quoted.size() > kLongest) quoted = quoted.substr(0, kLongest) + "...\"";
  return quoted;
}

}  // namespace fmnist
