#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fmnist/core/option.h"

namespace fmnist {

struct Invocation;

/// A command of the program: a row of the table in cli/commands.
struct Command {
  Commands id;
  std::string_view name;             // as typed; empty: training
  std::string_view help;             // in the list of commands
  std::vector<OptionInfo> own = {};  // what it takes besides training options
  // What it says of training options that it takes where training's own words do not fit: name,
  // help, placeholder, and the default, which is the option's there, too.
  std::vector<OptionInfo> notes = {};
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
