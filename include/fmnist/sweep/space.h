#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fmnist/core/options.h"

namespace fmnist {

/// The most trials (settings × seeds) of a sweep.
inline constexpr std::size_t kMaxTrials = 100'000;

/// One varied option: its values, or the range they are drawn from, evenly or evenly in their
/// logarithm.
struct Dimension {
  const Option* option;
  std::string text;                      // as typed: "0.001..0.1:log:3"
  std::vector<std::string> values = {};  // as one types them after the option; empty: to be drawn
  double low = 0.0;                      // of a range
  double high = 0.0;
  bool logarithmic = false;
  bool whole = false;  // the range's numbers are integers
};

/// Parses what stands after `--vary`: `lr=0.01,0.02`, `lr=0.001..0.1:log:3`, `epochs=2..10:lin:5`,
/// or without the last number a range to draw from. Values between the ends of a range are rounded
/// to six significant digits. Throws `Error` (kUsage).
Dimension parse_dimension(std::string_view text);

/// A value of `dimension` as one types it, from 64 random bits.
std::string draw(const Dimension& dimension, std::uint64_t bits);

}  // namespace fmnist
