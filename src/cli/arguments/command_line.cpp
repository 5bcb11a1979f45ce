#include "cli/arguments/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "cli/arguments/config_file.h"
#include "cli/arguments/help.h"
#include "cli/arguments/subcommands.h"
#include "fmnist/core/error.h"
#include "fmnist/core/options.h"
#include "fmnist/core/suggest.h"
#include "fmnist/engine/torch/torch_engine.h"

namespace fmnist {
namespace {

constexpr const char* kDescription =
    "Trains a small convolutional network on Fashion-MNIST and evaluates it.\n"
    "Without options it runs the book recipe: 40 epochs, about 89.6 % test accuracy.";

constexpr const char* kFooter =
    "\nResults go to standard output, the log to standard error.\n"
    "Exit status: 0 finished, 1 failed, 2 usage, 3 data, 4 device, 5 checkpoint or\n"
    "run directory, 6 diverged, 7 below --fail-under, 130 or 143 stopped by a signal.";

constexpr const char* kSeeHelp = "see fmnist-train --help";

/// `--batch_size=7` as `--batch-size=7`; values keep their underscores.
std::string with_hyphenated_name(std::string argument) {
  if (!argument.starts_with("--")) return argument;
  const std::size_t equals = std::min(argument.find('='), argument.size());
  std::replace(argument.begin(), argument.begin() + static_cast<std::ptrdiff_t>(equals), '_', '-');
  // CLI11 would take the next argument.
  if (equals + 1 == argument.size())
    throw Error(ErrorKind::kUsage, "there is no value after '" + argument + "'", kSeeHelp);
  return argument;
}

/// The arguments as CLI11 takes them: the last one first.
std::vector<std::string> arguments_of(int argc, const char* const* argv) {
  std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  std::transform(arguments.begin(), arguments.end(), arguments.begin(), with_hyphenated_name);
  std::reverse(arguments.begin(), arguments.end());
  return arguments;
}

/// The options' texts as they came, before `Option::set` reads them.
using Texts = std::map<const Option*, std::string>;

std::string names_of(const Option& option) {
  const std::string name = "--" + std::string(option.name);
  const bool has_letter = option.name == "quiet" || option.name == "verbose";
  return has_letter ? "-" + name.substr(2, 1) + "," + name : name;
}

void declare_options(CLI::App& app, Texts& texts,
                     const std::function<bool(const Option&)>& wanted) {
  const Config defaults;
  for (const Option& option : options()) {
    if (!wanted(option)) continue;
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

[[noreturn]] void refuse_extra(const CLI::App& app) {
  const std::string argument = app.remaining(true).empty() ? "?" : app.remaining(true).front();
  if (!argument.starts_with('-') || argument.size() < 2) {
    throw Error(ErrorKind::kUsage, "'" + argument + "' is not an option and not a command",
                kSeeHelp);
  }
  auto names = option_names();
  names.insert(names.end(), {"help", "version", "config", "print-config", "resume"});
  const std::string name = argument.substr(0, argument.find('='));
  const std::string close =
      name.starts_with("--") ? closest_name(name.substr(2), names) : std::string();
  throw Error(ErrorKind::kUsage, "there is no option '" + argument + "'",
              close.empty() ? kSeeHelp : "did you mean --" + close + "?");
}

[[noreturn]] void rethrow(const CLI::ParseError& error, const CLI::App& app) {
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) refuse_extra(app);
  const std::string text = error.what();  // "--lr: 1 required FLOAT missing"
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    throw Error(ErrorKind::kUsage, text.substr(0, text.find(':')) + " needs a value after it",
                kSeeHelp);
  }
  throw Error(ErrorKind::kUsage, text, kSeeHelp);
}

/// Whether `option` stands before or after the sub-command, if any, which must know it. Throws
/// `Error` (kUsage).
bool is_given(const Option& option, const CLI::App& app, const CLI::App* subcommand) {
  const std::string name = "--" + std::string(option.name);
  const bool before = app.get_option(name)->count() > 0;
  if (subcommand == nullptr) return before;
  const CLI::Option* own = subcommand->get_option_no_throw(name);
  if (before && own == nullptr) {
    throw Error(ErrorKind::kUsage, name + " has no meaning for " + subcommand->get_name(),
                "leave it out");
  }
  return before || (own != nullptr && own->count() > 0);
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

Invocation print_text(std::string text) {
  Invocation invocation;
  invocation.command = Invocation::Command::kPrintText;
  invocation.text = std::move(text);
  return invocation;
}

/// The options that are no settings of a run.
struct General {
  std::string config_file;
  std::string resume;
  bool print_config = false;
  CLI::Option* config_option = nullptr;
  CLI::Option* resume_option = nullptr;

  void declare(CLI::App& app) {
    resume_option =
        app.add_option("--resume", resume,
                       "go on with the run in --output, or with the state at PATH; settings are "
                       "the saved ones, only --epochs may grow (a schedule then takes the new "
                       "length from there on)")
            ->expected(0, 1)
            ->type_name("[PATH]")
            ->group(std::string(to_string(OptionGroup::kOutput)));
    config_option = app.add_option("--config", config_file,
                                   "read settings from a TOML file; the command line wins")
                        ->type_name("FILE")
                        ->group("general");
    app.add_flag("--print-config", print_config, "print the settings as TOML and exit")
        ->group("general");
    app.set_version_flag("--version", version_line(), "print the versions and exit")
        ->group("general");
    app.set_help_flag("-h,--help", "print this help and exit")->group("general");
  }
};

}  // namespace

std::string version_line() {
  std::string line = "fmnist-train " FMNIST_VERSION " (LibTorch " + libtorch_version() + ")";
#ifndef NDEBUG
  line += ", built with assertions: slower than a release";
#endif
  return line;
}

Invocation parse_command_line(int argc, const char* const* argv) {
  CLI::App app(kDescription, "fmnist-train");
  app.footer(kFooter);
  app.formatter(std::make_shared<HelpFormatter>());
  Texts texts;
  declare_options(app, texts, [](const Option&) { return true; });
  General general;
  general.declare(app);
  const Subcommands subcommands(app, [&](CLI::App& command, const auto& wanted) {
    declare_options(command, texts, wanted);
    command.set_help_flag("-h,--help", "print this help and exit")->group("general");
    command.formatter(app.get_formatter());
  });
  try {
    app.parse(arguments_of(argc, argv));
  } catch (const CLI::CallForHelp&) {
    const CLI::App* named = subcommands.named();
    return print_text(named != nullptr ? named->help("fmnist-train") : app.help());
  } catch (const CLI::CallForVersion&) {
    return print_text(version_line() + "\n");
  } catch (const CLI::ParseError& error) {
    rethrow(error, app);
  }

  Invocation invocation;
  invocation.arguments.assign(argv + std::min(argc, 1), argv + argc);
  if (general.config_option->count() > 0)
    apply_config_file(general.config_file, invocation.config, invocation.given);
  for (const Option& option : options()) {
    if (!is_given(option, app, subcommands.named())) continue;
    option.set(invocation.config, texts[&option]);
    invocation.given.insert(std::string(option.name));
  }
  subcommands.read(invocation);
  if (general.resume_option->count() > 0) invocation.resume = general.resume;
  if (general.print_config) invocation.command = Invocation::Command::kPrintConfig;
  validate(invocation.config);
  validate_resume(invocation);
  return invocation;
}

}  // namespace fmnist
