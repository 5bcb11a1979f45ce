#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

namespace fmnist {

/// `value` with a fixed number of decimals.
std::string fixed(double value, int decimals);

/// The shortest text that reads back as the same number; whole numbers without an exponent.
std::string to_text(double value);

/// The number that `text` is, all of it and without a plus sign; nothing when it is out of range.
template <class Number>
std::optional<Number> read_number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// A fraction as people read it: 0.8127 is "81.27%".
std::string percentage(double fraction, int decimals = 2);

/// "10,000".
std::string grouped(std::uint64_t count);

/// "1 epoch", "10,000 images".
std::string counted(std::uint64_t count, const std::string& noun);

/// The number as JSON has it, "1.0" for 1 and "null" for what is not finite: also in CSV files.
std::string json_text(double value);

/// Lower-case hexadecimal digits, two for each byte.
std::string hex(std::span<const unsigned char> bytes);

/// Text from a file as it may stand in a message: quoted, ASCII, control characters escaped, short.
std::string printable(std::string_view text);

/// `text` up to its first line break: messages of libraries may go on with a backtrace.
std::string first_line(std::string_view text);

}  // namespace fmnist
