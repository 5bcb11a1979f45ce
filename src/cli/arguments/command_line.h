#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cli/arguments/command.h"
#include "fmnist/core/config.h"

namespace fmnist {

/// What a command line asks for.
struct Invocation {
  const Command* command = nullptr;
  Config config;                // checked, the command's defaults and configuration file included
  std::set<std::string> given;  // names of the options that were set, in either place
  // Values of the command's own options, by name, as typed.
  std::map<std::string_view, std::vector<std::string>> own;
  // Go on with a saved run: the state in a file or directory, or in --output where it is empty.
  std::optional<std::filesystem::path> resume;
  std::vector<std::string> arguments;  // all of them, as given
  std::optional<std::string> text;     // to print instead: help, version, or the settings
};

/// Parses arguments and configuration file; the first of `commands` is meant when none is named.
/// `_` counts as `-` in option names. Throws `Error` (kUsage) with a sentence that names the
/// option.
Invocation parse_command_line(int argc, const char* const* argv,
                              const std::vector<Command>& commands);

/// The command's own options of an invocation, as its `table` reads them; of one that does not
/// repeat the last counts. Throws `Error` (kUsage).
template <class Options>
Options own_options(const std::vector<OptionOf<Options>>& table, const Invocation& invocation) {
  Options options;
  for (const auto& option : table) {
    const auto texts = invocation.own.find(option.name);
    if (texts == invocation.own.end()) continue;
    for (const std::string& text : texts->second)
      if (option.repeats || &text == &texts->second.back()) option.set(options, text);
  }
  return options;
}

/// The program's name and version with LibTorch's, one line.
std::string version_line();

}  // namespace fmnist
