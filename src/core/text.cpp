#include "fmnist/core/text.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

namespace fmnist {

std::string fixed(double value, int decimals) { return fmt::format("{:.{}f}", value, decimals); }

std::string to_text(double value) {
  if (value == std::floor(value) && std::abs(value) < 1e15)
    return std::to_string(static_cast<long long>(value));
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

std::string percentage(double fraction, int decimals) {
  return fixed(100.0 * fraction, decimals) + "%";
}

std::string grouped(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t place = text.size(); place > 3; place -= 3) text.insert(place - 3, 1, ',');
  return text;
}

std::string counted(std::uint64_t count, const std::string& noun) {
  return grouped(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string json_text(double value) { return nlohmann::json(value).dump(); }

std::string hex(std::span<const unsigned char> bytes) {
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

std::string printable(std::string_view text) {
  constexpr std::size_t kLongest = 80;
  using nlohmann::json;
  std::string quoted = json(text).dump(-1, ' ', true, json::error_handler_t::replace);
  if (quoted.size() > kLongest) quoted = quoted.substr(0, kLongest) + "...\"";
  return quoted;
}

std::string first_line(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

}  // namespace fmnist
