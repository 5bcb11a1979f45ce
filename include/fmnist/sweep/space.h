#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fmnist/core/options.h"

namespace fmnist {

/// The most trials (settings × seeds) of a sweep.
inline constexpr std::size_t kMaxTrials = 100'000;

/// Numbers to draw from, evenly or evenly in their logarithm.
struct ValueRange {
  double low;
  double high;
  bool logarithmic;
  bool whole;  // the option takes integers
};

/// One varied option: its values, or the range they are drawn from.
struct Dimension {
  const Option* option;
  std::string text;                 // as typed: "0.001..0.1:log:3"
  std::vector<std::string> values;  // as one types them after the option; empty with `range`
  std::optional<ValueRange> range;
};

/// Parses what stands after `--vary`: `lr=0.01,0.02`, `lr=0.001..0.1:log:3`, `epochs=2..10:lin:5`,
/// or without the last number a range to draw from. Values between the ends of a range are rounded
/// to six significant digits. Throws `Error` (kUsage).
Dimension parse_dimension(std::string_view text);

/// A value of `dimension` as one types it, from 64 random bits.
std::string draw(const Dimension& dimension, std::uint64_t bits);

}  // namespace fmnist
