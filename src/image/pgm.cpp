#include <fmt/format.h>

#include <algorithm>

#include "image/formats.h"

namespace fmnist {
namespace {

constexpr unsigned kMaxGrey = 65'535;

/// Takes the tokens of a PGM file (https://netpbm.sourceforge.net/doc/pgm.html) one by one.
class Tokens {
 public:
  Tokens(std::string_view rest, const std::string& name) : rest_(rest), name_(name) {}

  /// The next decimal number; `what` stands for it in messages.
  unsigned number(const char* what) {
    const std::size_t before = rest_.size();
    skip_space();
    if (rest_.empty()) refuse_picture(name_, "is a PGM file that is cut short");
    std::uint64_t value = 0;
    std::size_t digits = 0;
    for (; digits < rest_.size() && is_digit(rest_[digits]); ++digits) {
      value = value * 10 + static_cast<unsigned>(rest_[digits] - '0');
      if (value > kMaxNumber) refuse(what);
    }
    if (rest_.size() == before || digits == 0) refuse(what);
    if (digits < rest_.size() && !is_space(rest_[digits])) refuse(what);
    rest_.remove_prefix(digits);
    return static_cast<unsigned>(value);
  }

  std::string_view rest() const { return rest_; }

 private:
  static constexpr std::uint64_t kMaxNumber = 0x7fffffff;

  static bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }
  static bool is_space(char letter) { return letter == ' ' || (letter >= '\t' && letter <= '\r'); }

  /// White space and comments, which go from `#` to the end of the line.
  void skip_space() {
    while (!rest_.empty() && (is_space(rest_.front()) || rest_.front() == '#')) {
      const std::size_t length =
          rest_.front() == '#' ? std::min(rest_.find_first_of("\r\n"), rest_.size()) : 1;
      rest_.remove_prefix(length);
    }
  }

  [[noreturn]] void refuse(const char* what) const {
    refuse_picture(name_,
                   fmt::format("is a damaged PGM file: its {} is not a number in its range", what));
  }

  std::string_view rest_;
  const std::string& name_;
};

std::uint8_t to_byte(unsigned grey, unsigned white, const std::string& name) {
  if (grey > white) {
    refuse_picture(
        name, fmt::format("is a damaged PGM file: it has a pixel of {}, its header says at most {}",
                          grey, white));
  }
  return static_cast<std::uint8_t>((grey * 255U + white / 2) / white);
}

void check_length(std::uint64_t found, std::uint64_t needed, const std::string& name) {
  if (found < needed) {
    refuse_picture(
        name, fmt::format("is a PGM file that is cut short: its pixels need {} bytes, found {}",
                          needed, found));
  }
}

}  // namespace

Pictures decode_pgm(std::string_view bytes, const std::string& name, const PictureLimits& limits) {
  if (bytes.size() < 2) refuse_picture(name, "is a PGM file that is cut short");
  const bool is_text = bytes[1] == '2';
  Tokens tokens(bytes.substr(2), name);
  const unsigned width = tokens.number("width");
  const unsigned height = tokens.number("height");
  const unsigned white = tokens.number("largest grey");
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
  check_length(tokens.rest().size(), is_text ? 2 * count : 1 + sample * count, name);
  picture.pixels.reserve(count);
  const auto* const data = reinterpret_cast<const std::uint8_t*>(tokens.rest().data()) + 1;
  for (std::size_t i = 0; i < count; ++i) {
    const unsigned grey = is_text       ? tokens.number("pixel")
                          : sample == 1 ? data[i]
                                        : static_cast<unsigned>(data[2 * i] << 8 | data[2 * i + 1]);
    picture.pixels.push_back(to_byte(grey, white, name));
  }
  return picture;
}

}  // namespace fmnist
