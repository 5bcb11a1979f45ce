#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "fmnist/core/config.h"
#include "fmnist/core/option.h"

namespace fmnist {

/// One setting of `Config`.
using Option = OptionOf<Config>;

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
