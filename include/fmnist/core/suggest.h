#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fmnist {

/// The names of all training options, without dashes.
std::vector<std::string> option_names();

/// The one of `names` that `name` is probably a misspelling of; empty when none is close.
std::string closest_name(std::string_view name, const std::vector<std::string>& names);

}  // namespace fmnist
