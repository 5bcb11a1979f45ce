#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "fmnist/core/config.h"

namespace fmnist {

enum class OptionGroup { kRecipe, kData, kMachine, kOutput, kGates };

/// The heading of a group in `--help`, for example "recipe".
std::string_view to_string(OptionGroup group);

/// One setting of `Config` as the command line, the configuration file, JSON and a sweep see it:
/// the only place where an option's name, range and help stand.
struct Option {
  std::string_view name;  // as typed, without the dashes: "batch-size"
  OptionGroup group;
  std::string_view help;    // one sentence
  std::string placeholder;  // what to type after it: "N", "DIR", "constant|linear"; none: a flag
  std::string range;        // of a number: "1 to 60000"
  bool changes_result;      // another value gives another trained network
  bool saved;               // stands in config.toml: a setting, not a wish for this one call
  std::function<void(Config&, std::string_view)> set;  // throws Error (kUsage) on a bad value
  std::function<nlohmann::json(const Config&)> get;    // null when unset
  std::function<void(Config& to, const Config& from)> copy;

  bool is_flag() const { return placeholder.empty(); }
  /// The option's name as a JSON key: "batch_size".
  std::string key() const;
  /// The value as one would type it; empty when unset.
  std::string text(const Config& config) const;
};

/// Every option of a training run, in the order of `--help`.
const std::vector<Option>& options();

/// The option called `name` ("lr"; `_` counts as `-`), or nullptr.
const Option* find_option(std::string_view name);

/// All settings as one JSON object, keys in the order of `options()`.
nlohmann::ordered_json to_json(const Config& config);

/// The saved settings as a TOML file that `--config` reads.
std::string to_toml(const Config& config);

/// Settings from a JSON object as `to_json` writes it; keys that are missing keep their default,
/// unknown ones are ignored. Throws `Error` (kUsage) on a bad value.
Config config_from_json(const nlohmann::json& json);

}  // namespace fmnist
