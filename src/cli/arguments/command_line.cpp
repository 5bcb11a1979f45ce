#include "cli/arguments/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/arguments/config_file.h"
#include "cli/arguments/help.h"
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
    "run directory, 6 diverged, 7 below --fail-under, 130 or 143 stopped by a signal,\n"
    "141 the reader of standard output went away.";

constexpr const char* kSeeHelp = "see fmnist-train --help";

/// `--batch_size=7` as `--batch-size=7`; values keep their underscores.
std::string with_hyphenated_name(std::string argument) {
  if (!argument.starts_with("--")) return argument;
  const std::size_t equals = std::min(argument.find('='), argument.size());
  std::replace(argument.begin(), argument.begin() + static_cast<std::ptrdiff_t>(equals), '_', '-');
  // CLI11 would take the next argument.
  if (equals + 1 == argument.size()) {
    throw Error(ErrorKind::kUsage, fmt::format("there is no value after '{}'", argument), kSeeHelp);
  }
  return argument;
}

/// The arguments as CLI11 takes them: the last one first.
std::vector<std::string> reversed_arguments(int argc, const char* const* argv) {
  std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  std::transform(arguments.begin(), arguments.end(), arguments.begin(), with_hyphenated_name);
  std::reverse(arguments.begin(), arguments.end());
  return arguments;
}

const CLI::App* named_command(const CLI::App& app) {
  const auto named = app.get_subcommands();
  return named.empty() ? nullptr : named.front();
}

[[noreturn]] void refuse_extra(const CLI::App& app) {
  const std::string argument = app.remaining(true).empty() ? "?" : app.remaining(true).front();
  if (!argument.starts_with('-') || argument.size() < 2) {
    throw Error(ErrorKind::kUsage, fmt::format("'{}' is not an option and not a command", argument),
                kSeeHelp);
  }
  std::vector<std::string> names;
  for (const CLI::App* command : {&app, named_command(app)}) {
    if (command == nullptr) continue;
    for (const CLI::Option* option : command->get_options())
      if (!option->get_lnames().empty()) names.push_back(option->get_lnames().front());
  }
  const std::string name = argument.substr(0, argument.find('='));
  const std::string close =
      name.starts_with("--") ? closest_name(name.substr(2), names) : std::string();
  if (!close.empty() && close == name.substr(2)) {  // one of training's, after another command
    throw Error(ErrorKind::kUsage,
                fmt::format("{} has no meaning after {}", name, named_command(app)->get_name()),
                "leave it out");
  }
  throw Error(ErrorKind::kUsage, fmt::format("there is no option '{}'", argument),
              close.empty() ? kSeeHelp : fmt::format("did you mean --{}?", close));
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

/// Declares an option to CLI11, which only collects its texts.
CLI::Option* declare(CLI::App& app, const OptionInfo& info, const OptionInfo& note,
                     std::string_view group) {
  const auto either = [](std::string_view first, std::string_view second) {
    return std::string(first.empty() ? second : first);
  };
  const std::string names =
      info.letter == '\0' ? info.typed() : fmt::format("-{},{}", info.letter, info.typed());
  std::string notes = info.range;
  const std::string default_text = either(note.default_text, info.default_text);
  if (!default_text.empty() && !info.is_flag())
    notes += (notes.empty() ? "default " : "; default ") + default_text;
  const std::string help =
      either(note.help, info.help) + (notes.empty() ? "" : fmt::format(" [{}]", notes));

  if (info.is_flag()) {
    return app.add_flag(names, help)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
        ->group(std::string(group));
  }
  CLI::Option* const option = app.add_option(
                                     names, [](const CLI::results_t&) { return true; }, help)
                                  ->type_name(either(note.placeholder, info.placeholder))
                                  ->group(std::string(group));
  return info.repeats ? option->expected(1, -1)->allow_extra_args(info.positional)
                      : option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

void declare_help(CLI::App& app) {
  app.set_help_flag("-h,--help", "print this help and exit")->group("general");
}

/// Declares `command`'s own options and the training options that it takes.
void declare_options(CLI::App& app, const Command& command) {
  for (const OptionInfo& info : command.own) declare(app, info, {}, command.name);
  for (const Option& option : options()) {
    if ((option.commands & command.id) == 0) continue;
    const auto note = std::find_if(command.notes.begin(), command.notes.end(),
                                   [&](const auto& n) { return n.name == option.name; });
    declare(app, option, note == command.notes.end() ? OptionInfo{} : *note,
            to_string(option.group));
  }
}

/// The options that are no settings of a run.
struct General {
  CLI::Option* resume;
  CLI::Option* config;
  CLI::Option* print_config;

  explicit General(CLI::App& app)
      : resume(declare(
            app,
            {.name = "resume",
             .help = "go on with the run in --output, or with the state at PATH; settings are the "
                     "saved ones, only --epochs may grow (a schedule then takes the new length "
                     "from there on)",
             .placeholder = "[PATH]"},
            {}, to_string(OptionGroup::kOutput))),
        config(declare(app,
                       {.name = "config",
                        .help = "read settings from a TOML file; the command line wins",
                        .placeholder = "FILE"},
                       {}, "general")),
        print_config(
            declare(app, {.name = "print-config", .help = "print the settings as TOML and exit"},
                    {}, "general")) {
    resume->expected(0, 1);
    app.set_version_flag("--version", version_line(), "print the versions and exit")
        ->group("general");
    declare_help(app);
  }

  /// Throws `Error` (kUsage) when its value is neither true nor false.
  bool prints_config() const {
    if (print_config->count() == 0) return false;
    const std::string text = print_config->results().back();
    if (const auto value = Form<bool>::read(text)) return *value;
    reject_value({.name = "print-config",
                  .help = {},
                  .group = OptionGroup::kOutput,
                  .expected = std::string(Form<bool>::kExpected)},
                 text);
  }
};

[[noreturn]] void refuse_for(std::string_view option, const CLI::App& command) {
  throw Error(ErrorKind::kUsage,
              fmt::format("{} has no meaning for {}", option, command.get_name()), "leave it out");
}

/// The texts given for `option`, before or after the command's name.
std::vector<std::string> texts_of(const OptionInfo& option, const CLI::App& app,
                                  const CLI::App* command) {
  const std::string name = option.typed();
  const CLI::Option* const own = command ? command->get_option_no_throw(name) : nullptr;
  const CLI::Option* const before = app.get_option_no_throw(name);
  if (own != nullptr && own->count() > 0) return own->results();
  if (before == nullptr || before->count() == 0) return {};
  if (command != nullptr && own == nullptr) refuse_for(name, *command);
  return before->results();
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
  std::string line =
      fmt::format("fmnist-train {} (LibTorch {})", FMNIST_VERSION, libtorch_version());
#ifndef NDEBUG
  line += ", built with assertions: slower than a release";
#endif
  return line;
}

Invocation parse_command_line(int argc, const char* const* argv,
                              const std::vector<Command>& commands) {
  CLI::App app(kDescription, "fmnist-train");
  app.footer(kFooter);
  app.formatter(help_formatter());
  app.require_subcommand(0, 1);
  declare_options(app, commands.front());
  const General general(app);
  for (const Command& command : commands) {
    if (command.name.empty()) continue;
    CLI::App* const declared =
        app.add_subcommand(std::string(command.name), std::string(command.help));
    if (!command.footer.empty()) declared->footer(std::string(command.footer));
    declared->fallthrough(command.takes_general);
    declare_options(*declared, command);
    declare_help(*declared);
  }

  Invocation invocation;
  invocation.arguments.assign(argv + std::min(argc, 1), argv + argc);
  try {
    app.parse(reversed_arguments(argc, argv));
  } catch (const CLI::CallForHelp&) {
    const CLI::App* const named = named_command(app);
    invocation.text = named != nullptr ? named->help("fmnist-train") : app.help();
    return invocation;
  } catch (const CLI::CallForVersion&) {
    invocation.text = version_line() + "\n";
    return invocation;
  } catch (const CLI::ParseError& error) {
    rethrow(error, app);
  }

  const CLI::App* const named = named_command(app);
  const Command& command = *std::find_if(
      commands.begin(), commands.end(),
      [&](const Command& known) { return known.name == (named ? named->get_name() : ""); });
  invocation.command = &command;
  for (const OptionInfo& note : command.notes)
    if (!note.default_text.empty())
      find_option(note.name)->set(invocation.config, note.default_text);
  if (general.config->count() > 0)
    apply_config_file(general.config->results().back(), invocation.config, invocation.given);
  for (const Option& option : options()) {
    const auto texts = texts_of(option, app, named);
    if (texts.empty()) continue;
    option.set(invocation.config, texts.back());
    invocation.given.insert(std::string(option.name));
  }
  for (const OptionInfo& info : command.own) {
    const CLI::Option* const option = named->get_option(info.typed());
    if (option->count() > 0) invocation.own[info.name] = option->results();
  }
  if (general.resume->count() > 0) {
    if (named != nullptr && !command.takes_general) refuse_for("--resume", *named);
    invocation.resume = general.resume->results().empty() ? "" : general.resume->results().back();
  }
  validate(invocation.config);
  validate_resume(invocation);
  if (general.prints_config()) invocation.text = to_toml(invocation.config);
  return invocation;
}

}  // namespace fmnist
