#include "cli/arguments/config_file.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include "fmnist/core/error.h"
#include "fmnist/core/files.h"
#include "fmnist/core/options.h"
#include "fmnist/core/suggest.h"

namespace fmnist {
namespace {

std::string place(const std::filesystem::path& path, const toml::source_region& source) {
  return fmt::format("in '{}', line {}: ", path.string(), source.begin.line);
}

toml::table parse(const std::filesystem::path& path) {
  std::string text;
  try {
    text = read_file(path, ErrorKind::kUsage);
  } catch (const Error& error) {
    throw Error(ErrorKind::kUsage, fmt::format("--config {}: {}", path.string(), error.what()),
                "give a TOML file, such as the config.toml of a run");
  }
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    throw Error(ErrorKind::kUsage,
                fmt::format("{}not TOML: {}", place(path, error.source()), error.description()),
                "write one setting a line, such as lr = 0.02");
  }
}

/// A single value as one would type it after the option; nothing for arrays and tables.
std::optional<std::string> text_of(const toml::node& node) {
  if (const auto text = node.value_exact<std::string>()) return text;
  if (const auto flag = node.value_exact<bool>()) return *flag ? "true" : "false";
  if (const auto integer = node.value_exact<std::int64_t>()) return std::to_string(*integer);
  if (const auto number = node.value_exact<double>()) return fmt::format("{}", *number);
  return std::nullopt;
}

}  // namespace

void apply_config_file(const std::filesystem::path& path, Config& config,
                       std::set<std::string>& given) {
  const toml::table table = parse(path);
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    const std::string where = place(path, node.source());
    const Option* option = find_option(name);
    if (option == nullptr) {
      std::vector<std::string> names;
      for (const Option& known : options()) names.emplace_back(known.name);
      const std::string close = closest_name(name, names);
      throw Error(
          ErrorKind::kUsage, fmt::format("{}there is no setting '{}'", where, name),
          close.empty() ? "see fmnist-train --help" : fmt::format("did you mean {}?", close));
    }
    const auto text = text_of(node);
    if (!text) {
      throw Error(ErrorKind::kUsage, fmt::format("{}{} takes a single value", where, name),
                  fmt::format("write {} = VALUE", name));
    }
    try {
      option->set(config, *text);
    } catch (const Error& error) {
      throw Error(ErrorKind::kUsage, where + error.what(), error.hint());
    }
    given.insert(std::string(option->name));
  }
}

}  // namespace fmnist
