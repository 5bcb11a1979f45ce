#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fmnist/core/option.h"

namespace fmnist {

struct Invocation;

/// What a command says of a training option that it takes, where training's own words do not fit.
struct OptionNote {
  std::string_view option;
  std::string_view default_text = {};  // also its default there
  std::string_view help = {};
  std::string_view placeholder = {};
};

/// A command of the program: a row of the table in cli/commands.
struct Command {
  Commands id;
  std::string_view name;             // as typed; empty: training
  std::string_view help;             // in the list of commands
  std::vector<OptionInfo> own = {};  // what it takes besides training options
  std::vector<OptionNote> notes = {};
  std::string_view footer = {};             // of its help
  bool takes_general = false;               // --config and --resume may stand after its name
  int (*run)(const Invocation&) = nullptr;  // returns the exit status, throws `Error`
};

/// What is known of the options of a table.
template <class Options>
std::vector<OptionInfo> infos(const std::vector<OptionOf<Options>>& table) {
  return {table.begin(), table.end()};
}

}  // namespace fmnist
