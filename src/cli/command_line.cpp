#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <numeric>
#include <sstream>
#include <string_view>
#include <vector>

#include "fmnist/core/error.h"
#include "fmnist/core/options.h"
#include "fmnist/engine/torch/torch_engine.h"

namespace fmnist {
namespace {

constexpr const char* kDescription =
    "Trains a small convolutional network on Fashion-MNIST and evaluates it.\n"
    "Without options it runs the book recipe: 40 epochs, about 89.6 % test accuracy.";

constexpr const char* kFooter =
    "\nResults go to standard output, the log to standard error.\n"
    "Exit status: 0 finished, 1 failed, 2 usage, 3 data, 4 device, 5 checkpoint or run directory,\n"
    "6 diverged, 7 below --fail-under, 130 or 143 stopped by a signal.";

std::string with_hyphens(std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

/// CLI11's TOML reader, with `_` accepted for `-` in keys as on the command line.
class ConfigFile final : public CLI::ConfigTOML {
 public:
  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
    auto parsed = CLI::ConfigTOML::from_config(input);
    for (auto& item : parsed) item.name = with_hyphens(item.name);
    return parsed;
  }
};

/// `--batch_size=7` as `--batch-size=7`; values keep their underscores.
std::string with_hyphenated_name(std::string argument) {
  if (!argument.starts_with("--")) return argument;
  const std::size_t equals = std::min(argument.find('='), argument.size());
  return with_hyphens(argument.substr(0, equals)) + argument.substr(equals);
}

/// Levenshtein's distance: how many letters to insert, delete or replace.
std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= from.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t replaced = diagonal + (from[i - 1] != to[j - 1]);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

/// "did you mean --epochs?" for "--epoch", else where to look.
std::string suggest(const std::string& argument) {
  const std::string name =
      argument.substr(std::min(argument.find_first_not_of('-'), argument.size()),
                      argument.find('=') - argument.find_first_not_of('-'));
  const auto closest = std::min_element(
      options().begin(), options().end(), [&](const Option& left, const Option& right) {
        return edit_distance(name, left.name) < edit_distance(name, right.name);
      });
  if (argument.starts_with('-') && edit_distance(name, closest->name) <= 2)
    return "did you mean --" + std::string(closest->name) + "?";
  return "see fmnist-train --help";
}

/// Help in two columns of an 80-column page: what to type, and a sentence with range and default.
class HelpFormatter final : public CLI::Formatter {
 public:
  std::string make_option(const CLI::Option* option, bool) const override {
    std::string names = "  " + option->get_name(false, true);
    if (!option->get_type_name().empty()) names += " " + option->get_type_name();
    std::string text = option->get_description();
    const Option* setting = find_option(option->get_single_name());
    std::string notes = setting != nullptr ? setting->range : "";
    if (!option->get_default_str().empty())
      notes += (notes.empty() ? "default " : "; default ") + option->get_default_str();
    if (!notes.empty()) text += " [" + notes + "]";
    return in_columns(names, text);
  }

 private:
  static constexpr std::size_t kLeft = 28;
  static constexpr std::size_t kWidth = 80;

  static std::string in_columns(std::string line, const std::string& text) {
    std::string result;
    const auto break_line = [&] {
      result += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
      line.assign(kLeft, ' ');
    };
    if (line.size() + 1 >= kLeft) break_line();
    line.resize(kLeft, ' ');
    std::istringstream words(text);
    for (std::string word; words >> word;) {
      if (line.size() + word.size() > kWidth) break_line();
      line += word + " ";
    }
    break_line();
    return result;
  }
};

/// The option's texts as they came, before `Option::set` reads them.
using Texts = std::map<const Option*, std::string>;

std::string names_of(const Option& option) {
  std::string names = "--" + std::string(option.name);
  if (option.name == "quiet" || option.name == "verbose")
    names = "-" + names.substr(2, 1) + "," + names;
  return names;
}

void declare_options(CLI::App& app, Texts& texts) {
  const Config defaults;
  for (const Option& option : options()) {
    const std::string help(option.help);
    CLI::Option* declared = option.is_flag()
                                ? app.add_flag(names_of(option), texts[&option], help)
                                : app.add_option(names_of(option), texts[&option], help)
                                      ->type_name(option.placeholder)
                                      ->default_str(option.text(defaults));
    declared->group(std::string(to_string(option.group)))
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
}

[[noreturn]] void rethrow(const CLI::ParseError& error, const CLI::App& app) {
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    const std::string argument = app.remaining().empty() ? error.what() : app.remaining().front();
    throw Error(ErrorKind::kUsage, "there is no option '" + argument + "'", suggest(argument));
  }
  if (dynamic_cast<const CLI::FileError*>(&error) != nullptr)
    throw Error(ErrorKind::kUsage,
                "cannot read the file given with --config: it is missing or not "
                "readable",
                "give the path of a TOML file, such as the config.toml of a run");
  throw Error(ErrorKind::kUsage, error.what(), "see fmnist-train --help");
}

Invocation print_text(std::string text) {
  Invocation invocation;
  invocation.command = Invocation::Command::kPrintText;
  invocation.text = std::move(text);
  return invocation;
}

void validate_resume(const Invocation& invocation) {
  if (!invocation.resume) return;
  const Config& config = invocation.config;
  if (config.overwrite) {
    throw Error(ErrorKind::kUsage,
                "--resume and --overwrite exclude each other: one goes on with a run, the other "
                "replaces it",
                "leave one of them out");
  }
  if (invocation.resume->empty() && !config.output) {
    throw Error(ErrorKind::kUsage, "--resume does not say what to go on with",
                "give --output DIR of the run, or --resume PATH");
  }
}

}  // namespace

std::string version_line() {
  std::string line = "fmnist-train " FMNIST_VERSION " (LibTorch " + libtorch_version() + ")";
#ifndef NDEBUG
  line += ", built with assertions: slower than a release";
#endif
  return line;
}

Invocation parse_command_line(int argc, const char* const* argv) {
  Invocation invocation;
  CLI::App app(kDescription, "fmnist-train");
  app.footer(kFooter);
  app.formatter(std::make_shared<HelpFormatter>());
  Texts texts;
  declare_options(app, texts);
  app.set_help_flag("-h,--help", "print this help and exit")->group("general");
  app.set_version_flag("--version", version_line(), "print the versions and exit")
      ->group("general");
  app.config_formatter(std::make_shared<ConfigFile>());
  app.set_config("--config", "", "read settings from a TOML file; the command line wins")
      ->type_name("FILE")
      ->group("general");
  app.allow_config_extras(CLI::config_extras_mode::error);
  std::string resume;
  const CLI::Option* resume_option =
      app.add_option("--resume", resume,
                     "go on with the run in --output, or with the state at PATH; settings are the "
                     "saved ones, only --epochs may grow (a schedule then takes the new length "
                     "from there on)")
          ->expected(0, 1)
          ->type_name("[PATH]")
          ->group("output")
          ->configurable(false);
  bool print_config = false;
  app.add_flag("--print-config", print_config, "print the settings as TOML and exit")
      ->group("general")
      ->configurable(false);

  // CLI11 takes the arguments last one first.
  std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  std::transform(arguments.begin(), arguments.end(), arguments.begin(), with_hyphenated_name);
  std::reverse(arguments.begin(), arguments.end());
  try {
    app.parse(arguments);
  } catch (const CLI::CallForHelp&) {
    return print_text(app.help());
  } catch (const CLI::CallForVersion&) {
    return print_text(version_line() + "\n");
  } catch (const CLI::ParseError& error) {
    rethrow(error, app);
  }

  for (const Option& option : options()) {
    if (app["--" + std::string(option.name)]->count() == 0) continue;
    option.set(invocation.config, texts[&option]);
    invocation.given.insert(std::string(option.name));
  }
  if (resume_option->count() > 0) invocation.resume = resume;
  validate(invocation.config);
  validate_resume(invocation);
  if (print_config) invocation.command = Invocation::Command::kPrintConfig;
  return invocation;
}

}  // namespace fmnist
