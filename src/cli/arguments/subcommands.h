#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/arguments/command_line.h"
#include "fmnist/core/options.h"

namespace fmnist {

/// The options of `sweep` as they came.
struct SweepTexts {
  std::vector<std::string> vary;
  std::string seeds = "3";
  std::string search = "grid";
  std::string trials;
  std::string halving;
  std::string jobs;
  bool final = false;
  bool plan = false;
};

/// The sub-commands as CLI11 declares them, and what was given to the one that was named.
class Subcommands {
 public:
  /// Declares all of them; `declare` adds the training options for which the predicate is true.
  using Declare = std::function<void(CLI::App&, const std::function<bool(const Option&)>&)>;
  Subcommands(CLI::App& app, const Declare& declare);

  /// The sub-command on the command line, or nullptr.
  CLI::App* named() const;

  /// Puts the named sub-command and its own options into `invocation`. Throws `Error` (kUsage).
  void read(Invocation& invocation) const;

 private:
  void declare_sweep(CLI::App& app, const Declare& declare);
  SweepOptions read_sweep() const;

  CLI::App* evaluate_;
  CLI::App* predict_;
  CLI::App* report_;
  CLI::App* sweep_;
  CLI::App* verify_resume_;
  std::string checkpoint_;
  std::string split_ = "test";
  std::string shifts_;
  std::vector<std::string> images_;
  std::string invert_ = "auto";
  std::string top_k_ = "3";
  std::string run_;
  std::string report_shifts_;
  SweepTexts sweep_texts_;
};

}  // namespace fmnist
