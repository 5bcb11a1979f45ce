// Any text is read as a configuration file or refused with an error that the program reports; what
// was read survives the round trips through config.toml's and the checkpoint's form.

#include <CLI/CLI.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>

#include "fmnist/core/error.h"
#include "fmnist/core/options.h"

namespace {

using fmnist::Config;
using fmnist::Option;

/// The settings of a TOML text, as the program takes them: the last value of a key counts. Throws
/// CLI::Error or fmnist::Error.
Config read(const std::string& text) {
  std::istringstream input(text);
  Config config;
  for (const CLI::ConfigItem& item : CLI::ConfigTOML().from_config(input)) {
    const Option* option = fmnist::find_option(item.name);
    if (option != nullptr && !item.inputs.empty()) option->set(config, item.inputs.back());
  }
  return config;
}

bool same_saved_settings(const Config& left, const Config& right) {
  for (const Option& option : fmnist::options())
    if (option.saved && option.text(left) != option.text(right)) return false;
  return true;
}

/// CLI11's reader knows no escapes: what TOML would escape does not come back as it was.
bool is_plain(const Config& config) {
  for (const Option& option : fmnist::options())
    for (const char letter : option.text(config))
      if (letter < ' ' || letter > '~' || letter == '"' || letter == '\'' || letter == '\\')
        return false;
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  Config config;
  try {
    config = read({reinterpret_cast<const char*>(input), size});
  } catch (const CLI::Error&) {
    return 0;
  } catch (const fmnist::Error&) {
    return 0;
  }
  try {
    fmnist::validate(config);
  } catch (const fmnist::Error&) {
  }
  if (!is_plain(config)) return 0;
  if (fmnist::config_from_json(fmnist::to_json(config)) != config) std::abort();
  if (!same_saved_settings(read(fmnist::to_toml(config)), config)) std::abort();
  return 0;
}
