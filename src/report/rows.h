#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "fmnist/core/config.h"
#include "fmnist/core/options.h"

namespace fmnist {

/// The option_row.html of each of `config`'s options of one group for which `shown` is true; those
/// that are not the book's are marked and say what it has.
nlohmann::json option_rows(
    const Config& config, std::initializer_list<OptionGroup> groups,
    const std::function<bool(const Option&)>& shown = [](const Option&) { return true; });

/// A cell of heat_row.html: its ground is the stronger (0 to 1) the more `text` says, blue where
/// `right`, else orange; `marked` is outlined; the pointer finds `tip`.
nlohmann::json heat_cell(const std::string& text, double strength, bool right, bool marked,
                         const std::string& tip);

}  // namespace fmnist
