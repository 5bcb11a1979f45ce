#include <fmt/format.h>

#include <algorithm>

#include "image/formats.h"

namespace fmnist {
namespace {

constexpr unsigned kMaxGrey = 65'535;

constexpr std::uint64_t kMaxNumber = 0x7fffffff;

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }
bool is_space(char letter) { return letter == ' ' || (letter >= '\t' && letter <= '\r'); }

/// Takes white space and comments, which go from `#` to the end of the line, off `rest`.
void skip_space(std::string_view& rest) {
  while (!rest.empty() && (is_space(rest.front()) || rest.front() == '#')) {
    const std::size_t length =
        rest.front() == '#' ? std::min(rest.find_first_of("\r\n"), rest.size()) : 1;
    rest.remove_prefix(length);
  }
}

/// Takes the next decimal number off `rest`, what is left of file `name`
/// (https://netpbm.sourceforge.net/doc/pgm.html); `what` stands for it in messages.
unsigned take_number(std::string_view& rest, const char* what, const std::string& name) {
  const std::size_t before = rest.size();
  skip_space(rest);
  if (rest.empty()) refuse_picture(name, "is a PGM file that is cut short");
  std::uint64_t value = 0;
  std::size_t digits = 0;
  for (; digits < rest.size() && is_digit(rest[digits]) && value <= kMaxNumber; ++digits)
    value = value * 10 + static_cast<unsigned>(rest[digits] - '0');
  if (rest.size() == before || digits == 0 || value > kMaxNumber ||
      (digits < rest.size() && !is_space(rest[digits]))) {
    refuse_picture(name,
                   fmt::format("is a damaged PGM file: its {} is not a number in its range", what));
  }
  rest.remove_prefix(digits);
  return static_cast<unsigned>(value);
}

std::uint8_t to_byte(unsigned grey, unsigned white, const std::string& name) {
  if (grey > white) {
    refuse_picture(
        name, fmt::format("is a damaged PGM file: it has a pixel of {}, its header says at most {}",
                          grey, white));
  }
  return static_cast<std::uint8_t>((grey * 255U + white / 2) / white);
}

}  // namespace

Pictures decode_pgm(std::string_view bytes, const std::string& name, const PictureLimits& limits) {
  if (bytes.size() < 2) refuse_picture(name, "is a PGM file that is cut short");
  const bool is_text = bytes[1] == '2';
  std::string_view rest = bytes.substr(2);
  const unsigned width = take_number(rest, "width", name);
  const unsigned height = take_number(rest, "height", name);
  const unsigned white = take_number(rest, "largest grey", name);
  if (white == 0 || white > kMaxGrey) {
    refuse_picture(
        name, fmt::format("is a damaged PGM file: its largest grey is {}, expected 1 to {}", white,
                          kMaxGrey));
  }
  check_size(width, height, name, limits);

  Pictures picture{.count = 1, .height = height, .width = width, .pixels = {}};
  const std::size_t count = std::size_t{width} * height;
  const std::size_t sample = white > 255 ? 2 : 1;
  // Text: at least a space and a digit each. Binary: one byte of white space ends the header.
  const std::size_t needed = is_text ? 2 * count : 1 + sample * count;
  if (rest.size() < needed) {
    refuse_picture(
        name, fmt::format("is a PGM file that is cut short: its pixels need {} bytes, found {}",
                          needed, rest.size()));
  }
  picture.pixels.reserve(count);
  const auto* const data = reinterpret_cast<const std::uint8_t*>(rest.data()) + 1;
  for (std::size_t i = 0; i < count; ++i) {
    const unsigned grey = is_text       ? take_number(rest, "pixel", name)
                          : sample == 1 ? data[i]
                                        : static_cast<unsigned>(data[2 * i] << 8 | data[2 * i + 1]);
    picture.pixels.push_back(to_byte(grey, white, name));
  }
  return picture;
}

}  // namespace fmnist
