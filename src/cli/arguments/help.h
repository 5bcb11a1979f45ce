#pragma once

#include <CLI/CLI.hpp>
#include <memory>

namespace fmnist {

/// Help in two columns of an 80-column page: what to type, and a sentence with range and default.
std::shared_ptr<CLI::FormatterBase> help_formatter();

}  // namespace fmnist
