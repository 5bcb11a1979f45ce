#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "fmnist/core/config.h"

namespace fmnist {

/// Sets what a TOML file says (one key per option, no tables; `_` counts as `-`) and adds the
/// options' names to `given`. Throws `Error` (kUsage) naming file, line and key.
void apply_config_file(const std::filesystem::path& path, Config& config,
                       std::set<std::string>& given);

}  // namespace fmnist
