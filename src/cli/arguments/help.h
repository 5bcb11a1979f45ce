#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace fmnist {

/// Help in two columns of an 80-column page: what to type, and a sentence with range and default.
class HelpFormatter final : public CLI::Formatter {
 public:
  std::string make_group(std::string group, bool is_positional,
                         std::vector<const CLI::Option*> options) const override;
  std::string make_option(const CLI::Option* option, bool is_positional) const override;
};

}  // namespace fmnist
