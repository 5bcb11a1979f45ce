#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "fmnist/core/config.h"
#include "fmnist/core/names.h"
#include "fmnist/core/text.h"

namespace fmnist {

enum class OptionGroup { kRecipe, kData, kMachine, kOutput, kGates, kCommand };
template <>
inline constexpr std::array<std::string_view, 6> kEnumNames<OptionGroup>{
    "recipe", "data", "machine", "output", "gates", "command"};

/// The program's commands, as bits of a set.
enum Commands : unsigned {
  kTrain = 1,
  kEvaluate = 2,
  kPredict = 4,
  kReport = 8,
  kSweep = 16,
  kVerifyResume = 32,
  kTrainings = kTrain | kSweep | kVerifyResume,
  kAllCommands = kTrainings | kEvaluate | kPredict | kReport,
};

/// What is known of an option without the struct whose member it sets: the one place where its
/// name, range and help stand. Rows give the first part, `option()` fills in the second.
struct OptionInfo {
  std::string_view name = {};  // as typed, without the dashes: "batch-size"
  std::string_view help = {};  // one sentence
  OptionGroup group = OptionGroup::kCommand;
  unsigned commands = 0;        // the `Commands` that take it; of a command's own: 0
  bool changes_result = false;  // another value gives another trained network
  bool saved = true;            // stands in config.toml: a setting, not a wish for this one call
  bool may_grow = false;        // a resumed run may have more of it
  std::string_view not_varied = {};  // why a sweep may not compare its values, where it may not
  std::string_view instead = {};     // of that: what to do
  char letter = '\0';                // -q for --quiet
  bool positional = false;           // named by its place, after the command
  std::string placeholder = {};      // what to type after it: "N", "DIR", "auto|cpu"; none: a flag

  std::string range = {};  // of a number: "1 to 60000"
  std::string default_text = {};
  std::string expected = {};  // what a value must be: "an integer from 1 to 60000"
  bool repeats = false;       // may be given more than once, each time with another value

  /// Whether a sweep may compare its values.
  bool may_vary() const { return changes_result && not_varied.empty(); }
  bool is_flag() const { return placeholder.empty(); }
  /// The option's name as a JSON key: "batch_size".
  std::string key() const;
  /// As it stands on the command line and in sentences: "--batch-size"; the name alone of what is
  /// named by its place.
  std::string typed() const;
};

/// The text of a JSON value as one would type it; empty for null.
std::string typed_text(const nlohmann::json& value);

/// One member of `Options` as the command line, the configuration file, JSON and a sweep see it.
template <class Options>
struct OptionOf : OptionInfo {
  std::function<void(Options&, std::string_view)> set;  // throws Error (kUsage) on a bad value
  std::function<nlohmann::json(const Options&)> get;    // null when unset
  std::function<void(Options& to, const Options& from)> copy;

  /// The value as one would type it; empty when unset.
  std::string text(const Options& options) const { return typed_text(get(options)); }
};

/// Numbers from `low` to `high`, the latter included unless `open`.
struct Range {
  double low = 0.0;
  double high = 0.0;
  bool open = false;

  bool holds(double value) const {  // false for NaN
    return value >= low && (open ? value < high : value <= high);
  }
  std::string text() const;
};

/// How a value of type T is typed and written: `read` gives nothing for what is none, `json` its
/// JSON form, `kPlaceholder` and `kExpected` say what to type.
template <class T>
struct Form;

template <>
struct Form<bool> {
  static constexpr std::string_view kPlaceholder = "";
  static constexpr std::string_view kExpected = "true or false";
  static std::optional<bool> read(std::string_view text);
  static nlohmann::json json(bool value) { return value; }
};

template <class Number>
requires std::is_arithmetic_v<Number>
struct Form<Number> {
  static constexpr std::string_view kPlaceholder = "N";
  static constexpr std::string_view kExpected =
      std::is_integral_v<Number> ? "an integer" : "a number";
  static std::optional<Number> read(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    return read_number<Number>(text);
  }
  static nlohmann::json json(Number value) { return value; }
};

template <>
struct Form<std::string> {
  static constexpr std::string_view kPlaceholder = "TEXT";
  static constexpr std::string_view kExpected = "a text";
  static std::optional<std::string> read(std::string_view text) { return std::string(text); }
  static nlohmann::json json(const std::string& value) { return value; }
};

template <>
struct Form<std::filesystem::path> {
  static constexpr std::string_view kPlaceholder = "PATH";
  static constexpr std::string_view kExpected = "a path";
  static std::optional<std::filesystem::path> read(std::string_view text);
  static nlohmann::json json(const std::filesystem::path& value) { return value.string(); }
};

template <>
struct Form<DeviceRequest> {
  static constexpr std::string_view kPlaceholder = "auto|cpu|cuda|cuda:N";
  static constexpr std::string_view kExpected = "one of auto, cpu, cuda, cuda:N (N from 0 to 127)";
  static std::optional<DeviceRequest> read(std::string_view text);
  static nlohmann::json json(const DeviceRequest& value) { return to_string(value); }
};

template <>
struct Form<CheckpointInterval> {
  static constexpr std::string_view kPlaceholder = "N|Nb";
  static constexpr std::string_view kExpected = "N epochs or Nb batches, N from 1 to 1000000000";
  static std::optional<CheckpointInterval> read(std::string_view text);
  static nlohmann::json json(const CheckpointInterval& value);
};

template <>
struct Form<Seconds> {
  static constexpr std::string_view kPlaceholder = "DURATION";
  static constexpr std::string_view kExpected =
      "a time such as 90s, 10m or 1h30m, up to 1e9 seconds";
  static std::optional<Seconds> read(std::string_view text);
  static nlohmann::json json(Seconds value) { return value.count(); }
};

template <Named Enum>
struct Form<Enum> {
  static std::string placeholder() {
    std::string names;
    for (const std::string_view name : kEnumNames<Enum>)
      names += (names.empty() ? "" : "|") + std::string(name);
    return names;
  }
  static std::optional<Enum> read(std::string_view text) { return from_string<Enum>(text); }
  static nlohmann::json json(Enum value) { return to_string(value); }
};

/// Throws `Error` (kUsage): `info` takes what it expects, not `text`.
[[noreturn]] void reject_value(const OptionInfo& info, std::string_view text);

/// Names the type of one value of a member, which may be optional or a list; never called.
template <class Value>
Value value_of(const Value&);
template <class Value>
Value value_of(const std::optional<Value>&);
template <class Value>
Value value_of(const std::vector<Value>&);

/// The option that sets `member`: a row of a table. Numbers need a `range`.
template <class Options, class Owner, class Member>
OptionOf<Options> option(OptionInfo info, Member Owner::*member, Range range = {}) {
  using Value = decltype(value_of(std::declval<const Member&>()));
  constexpr bool kNumber = std::is_arithmetic_v<Value> && !std::is_same_v<Value, bool>;
  constexpr bool kOptional = std::is_same_v<Member, std::optional<Value>>;
  constexpr bool kList = std::is_same_v<Member, std::vector<Value>>;
  if constexpr (Named<Value>) {
    info.placeholder = Form<Value>::placeholder();
    info.expected = "one of " + info.placeholder;
  } else {
    if (info.placeholder.empty()) info.placeholder = Form<Value>::kPlaceholder;
    info.expected = Form<Value>::kExpected;
  }
  if constexpr (kNumber) {
    info.range = range.text();
    info.expected += " from " + info.range;
  }
  info.repeats = kList;

  OptionOf<Options> row{std::move(info), {}, {}, {}};
  row.set = [=, known = static_cast<const OptionInfo&>(row)](Options& options,
                                                             std::string_view text) {
    const std::optional<Value> value = Form<Value>::read(text);
    if (!value) reject_value(known, text);
    if constexpr (kNumber) {
      if (!range.holds(static_cast<double>(*value))) reject_value(known, text);
    }
    if constexpr (kList) {
      (options.*member).push_back(*value);
    } else {
      options.*member = *value;
    }
  };
  row.get = [member](const Options& options) -> nlohmann::json {
    if constexpr (kList) {
      return options.*member;
    } else if constexpr (kOptional) {
      return options.*member ? Form<Value>::json(*(options.*member)) : nlohmann::json();
    } else {
      return Form<Value>::json(options.*member);
    }
  };
  row.copy = [member](Options& to, const Options& from) { to.*member = from.*member; };
  if constexpr (!kList) {
    if (row.default_text.empty()) row.default_text = row.text(Options{});
  }
  return row;
}

}  // namespace fmnist
