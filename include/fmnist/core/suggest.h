#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fmnist {

/// The one of `names` that `name` is probably a misspelling of; empty when none is close.
std::string closest_name(std::string_view name, const std::vector<std::string>& names);

}  // namespace fmnist
