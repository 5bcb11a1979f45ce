#pragma once

#include <functional>
#include <string>
#include <vector>

#include "fmnist/core/config.h"
#include "fmnist/core/options.h"

namespace fmnist {

/// A row of a table of names and values; `value` is HTML.
std::string settings_row(const std::string& name, const std::string& value,
                         const std::string& css_class = {});

/// A table of such rows.
std::string settings_table(const std::string& caption, const std::string& rows);

/// The rows of `config`'s settings of one group for which `shown` is true; those that are not the
/// book's are marked and say what it has.
std::string settings_rows(
    const Config& config, OptionGroup group,
    const std::function<bool(const Option&)>& shown = [](const Option&) { return true; });

}  // namespace fmnist
