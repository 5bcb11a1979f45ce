#include "fmnist/sweep/space.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "fmnist/core/error.h"
#include "fmnist/core/random.h"
#include "fmnist/core/suggest.h"
#include "fmnist/core/text.h"

namespace fmnist {
namespace {

constexpr const char* kForms =
    "write a list (lr=0.01,0.02), a range with a number of values (lr=0.001..0.1:log:3, "
    "momentum=0..0.9:lin:4), or without it to draw from";

[[noreturn]] void refuse(const std::string& problem, const std::string& hint = kForms) {
  throw Error(ErrorKind::kUsage, problem, hint);
}

const Option& option_to_vary(const std::string& name) {
  const Option* option = find_option(name);
  if (option == nullptr) {
    std::vector<std::string> names;
    for (const Option& known : options())
      if (known.may_vary()) names.emplace_back(known.name);
    const std::string close = closest_name(name, names);
    refuse(
        fmt::format("there is no option '{}' to vary", name),
        close.empty() ? "see fmnist-train sweep --help" : fmt::format("did you mean {}?", close));
  }
  if (!option->changes_result) {
    refuse(fmt::format("--vary does not take {}: it changes no trained network", option->name),
           "vary an option of the recipe, such as lr");
  }
  if (!option->may_vary()) {
    refuse(fmt::format("--vary does not take {}: {}", option->name, option->not_varied),
           std::string(option->instead));
  }
  return *option;
}

/// `text` as the option itself would write it. Throws the option's own sentence.
std::string checked(const Option& option, std::string_view text) {
  Config config;
  option.set(config, text);
  return option.text(config);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

/// A number of the range as typed: six significant digits (or an integer) are enough between the
/// ends, and keep commands short.
std::string typed(const Dimension& range, double value) {
  if (range.whole) return std::to_string(std::llround(value));
  const bool is_end = value <= range.low || value >= range.high;
  const double rounded = is_end ? value : std::stod(fmt::format("{:.5e}", value));
  return checked(*range.option, fmt::format("{}", std::clamp(rounded, range.low, range.high)));
}

/// The number at `share` (0 to 1) of the way from the range's low to its high end.
double at(const Dimension& range, double share) {
  if (!range.logarithmic) return range.low + share * (range.high - range.low);
  return range.low * std::pow(range.high / range.low, share);
}

/// An end of a range, which must be a number of the option's.
nlohmann::json end_of_range(const Option& option, std::string_view text) {
  Config config;
  option.set(config, text);
  const nlohmann::json value = option.get(config);
  if (value.is_number()) return value;
  refuse(fmt::format("--vary {} takes no range: its values are no numbers", option.name),
         fmt::format("list them: {}={}", option.name,
                     option.is_flag() ? "true,false" : option.placeholder));
}

void set_range(Dimension& range, std::string_view low, std::string_view high,
               std::string_view scale, const std::string& where) {
  const nlohmann::json first = end_of_range(*range.option, low);
  range.low = first;
  range.high = end_of_range(*range.option, high);
  range.logarithmic = scale == "log";
  range.whole = first.is_number_integer();
  if (scale != "log" && scale != "lin")
    refuse(fmt::format("{}: a range is log or lin, not '{}'", where, scale));
  if (range.low >= range.high) {
    refuse(fmt::format("{}: the range does not rise, from {} to {}", where, low, high),
           "write the smaller number first");
  }
  if (range.logarithmic && range.low <= 0.0) {
    refuse(fmt::format("{}: a logarithmic range cannot begin at {}", where, low),
           "begin above 0, or take lin");
  }
}

std::vector<std::string> grid_of(const Dimension& range, std::string_view count,
                                 const std::string& where) {
  const std::size_t points = read_number<std::size_t>(count).value_or(0);
  if (points < 2 || points > kMaxTrials) {
    refuse(fmt::format("{}: the number of values is an integer from 2 to {}, not '{}'", where,
                       kMaxTrials, count));
  }
  std::vector<std::string> values;
  for (std::size_t i = 0; i < points; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(points - 1);
    values.push_back(typed(range, i + 1 == points ? range.high : at(range, share)));
  }
  return values;
}

void refuse_repeated(const std::vector<std::string>& values, const std::string& where) {
  std::set<std::string> seen;
  for (const std::string& value : values) {
    if (!seen.insert(value).second)
      refuse(fmt::format("{}: the value {} stands there twice", where, value),
             "give every value once");
  }
}

}  // namespace

Dimension parse_dimension(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0)
    refuse(fmt::format("--vary takes NAME=VALUES, not '{}'", text));
  const Option& option = option_to_vary(std::string(text.substr(0, equals)));
  const std::string_view spec = text.substr(equals + 1);
  const auto where = fmt::format("--vary {}={}", option.name, spec);
  if (spec.empty()) refuse(where + " names no values");

  Dimension dimension{&option, std::string(spec)};
  const std::size_t dots = spec.find("..");
  if (dots == std::string_view::npos) {
    for (const std::string_view value : split(spec, ','))
      dimension.values.push_back(checked(option, value));
  } else {
    const auto parts = split(spec.substr(dots + 2), ':');
    if (parts.size() < 2 || parts.size() > 3)
      refuse(where + ": a range is LOW..HIGH:log or LOW..HIGH:lin, then perhaps :COUNT");
    set_range(dimension, spec.substr(0, dots), parts[0], parts[1], where);
    if (parts.size() == 3) dimension.values = grid_of(dimension, parts[2], where);
  }
  refuse_repeated(dimension.values, where);
  return dimension;
}

std::string draw(const Dimension& dimension, std::uint64_t bits) {
  if (!dimension.values.empty()) return dimension.values[bounded(bits, dimension.values.size())];
  const double share = static_cast<double>(bits >> 11) * 0x1p-53;
  return typed(dimension, at(dimension, share));
}

}  // namespace fmnist
