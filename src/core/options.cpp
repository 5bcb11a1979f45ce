#include "fmnist/core/options.h"

#include <fmt/format.h>

#include <algorithm>

namespace fmnist {
namespace {

constexpr double kMaxSeed = 4294967295.0;

template <class Member>
Option row(OptionInfo info, Member Config::*member, Range range = {}) {
  return option<Config>(std::move(info), member, range);
}

// The columns that rows of one kind share; a row gives the others.

/// Of the recipe: all trainings take it, it decides the result, and a sweep may vary it.
OptionInfo recipe(std::string_view name, std::string_view help) {
  return {.name = name,
          .help = help,
          .group = OptionGroup::kRecipe,
          .commands = kTrainings,
          .changes_result = true};
}

/// Which images are trained on.
OptionInfo selection(std::string_view name, OptionGroup group, std::string_view help) {
  OptionInfo info = recipe(name, help);
  info.group = group;
  return info;
}

OptionInfo machine(std::string_view name, std::string_view help) {
  return {.name = name, .help = help, .group = OptionGroup::kMachine, .commands = kAllCommands};
}

/// Of no influence on the result.
OptionInfo other(std::string_view name, OptionGroup group, std::string_view help,
                 unsigned commands = kTrain) {
  return {.name = name, .help = help, .group = group, .commands = commands};
}

/// Output that is wanted in this one call: not saved.
OptionInfo wish(std::string_view name, std::string_view help, unsigned commands,
                char letter = '\0') {
  OptionInfo info = other(name, OptionGroup::kOutput, help, commands);
  info.saved = false;
  info.letter = letter;
  return info;
}

OptionInfo with_placeholder(OptionInfo info, std::string placeholder) {
  info.placeholder = std::move(placeholder);
  return info;
}

OptionInfo not_varied(OptionInfo info, std::string_view why, std::string_view instead) {
  info.not_varied = why;
  info.instead = instead;
  return info;
}

OptionInfo may_grow(OptionInfo info) {
  info.may_grow = true;
  return info;
}

OptionInfo not_saved(OptionInfo info) {
  info.saved = false;
  return info;
}

std::vector<Option> make_options() {
  using enum OptionGroup;
  return {
      row(may_grow(
              recipe("epochs", "passes over the training images; 0 initialises, evaluates, saves")),
          &Config::epochs, {0, 1e6}),
      row(recipe("batch-size", "images per optimiser step"), &Config::batch_size, {1, 60000}),
      row(recipe("lr", "learning rate"), &Config::learning_rate, {0, 1e6}),
      row(recipe("momentum", "momentum of SGD"), &Config::momentum, {0, 1, true}),
      row(recipe("nesterov", "Nesterov's form of momentum"), &Config::nesterov),
      row(recipe("weight-decay", "L2 penalty, added to the gradient"), &Config::weight_decay,
          {0, 1e3}),
      row(recipe("lr-schedule",
                 "learning rate after the warm-up: linear and cosine fall to 0 at the end, step "
                 "divides by 10 after 1/2 and 3/4 of the way"),
          &Config::lr_schedule),
      row(recipe("warmup-epochs", "epochs in which the learning rate rises linearly"),
          &Config::warmup_epochs, {0, 1e6}),
      row(recipe("dropout", "probability that a hidden unit is dropped"), &Config::dropout,
          {0, 1, true}),
      row(recipe("label-smoothing", "share of the target spread over all classes"),
          &Config::label_smoothing, {0, 1, true}),
      row(not_varied(recipe("seed", "decides initial weights, order, dropout and validation split"),
                     "a sweep has seeds of its own",
                     "give --seeds N: every setting then runs with N seeds, from --seed on"),
          &Config::seed, {0, kMaxSeed}),

      row(with_placeholder(other("data-dir", kData, "directory of the four IDX files, raw or .gz",
                                 kTrainings | kEvaluate | kReport),
                           "DIR"),
          &Config::data_dir),
      row(not_varied(selection("val-split", kData,
                               "training images held out for validation, stratified; the best "
                               "epoch by them is kept"),
                     "trials are compared on the same number of images",
                     "give one --val-split for all"),
          &Config::val_split, {0, 59999}),
      row(selection("train-limit", kData, "train on the first N images only"), &Config::train_limit,
          {1, 60000}),

      row(machine("device", "where to compute; auto takes CUDA when it works"), &Config::device),
      row(machine("require-device",
                  "fail (status 4) when --device is not usable instead of taking the CPU"),
          &Config::require_device),
      row(machine("engine", "what does the arithmetic"), &Config::engine),
      row(machine("threads", "CPU threads (default: the cores this process may use)"),
          &Config::threads, {1, 1024}),

      row(with_placeholder(wish("output", "run directory (default: runs/<UTC date-time>)",
                                kTrain | kEvaluate | kReport | kSweep),
                           "DIR"),
          &Config::output),
      row(wish("no-output", "write no file", kTrain), &Config::no_output),
      row(wish("overwrite", "replace the run that --output holds", kTrain | kSweep),
          &Config::overwrite),
      row(other("checkpoint-every", kOutput,
                "keep the training state every N epochs, or every N batches as Nb",
                kTrain | kSweep),
          &Config::checkpoint_every),
      row(other("log-every", kOutput, "batches between two lines of the training log"),
          &Config::log_every, {1, 1e9}),
      row(wish("json", "results as JSON lines on standard output",
               kTrain | kEvaluate | kPredict | kSweep),
          &Config::json),
      row(wish("progress",
               "on standard error: a bar, or training lines; auto shows the bar on a terminal",
               kTrain | kEvaluate | kSweep),
          &Config::progress),
      row(wish("quiet", "results and errors only", kAllCommands, 'q'), &Config::quiet),
      row(wish("verbose", "log details too", kAllCommands, 'v'), &Config::verbose),
      row(with_placeholder(wish("log-file", "write the log to FILE too", kAllCommands), "FILE"),
          &Config::log_file),
      row(other("tensorboard", kOutput, "write event files for TensorBoard into the run directory"),
          &Config::tensorboard),

      row(other("fail-under", kGates,
                "exit with status 7 when the final accuracy in percent is below N"),
          &Config::fail_under, {0, 100}),
      row(not_saved(other("max-time", kGates,
                          "stop this call after this time (90s, 10m, 1h30m), to be resumed")),
          &Config::max_time),
      row(selection("limit-batches", kGates, "end every epoch after N batches: smoke runs"),
          &Config::limit_batches, {1, 1e9}),
  };
}

/// A JSON string is also a TOML basic string; bytes that are not UTF-8 have none and are replaced.
std::string toml_string(const nlohmann::json& text) {
  return text.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

const std::vector<Option>& options() {
  static const std::vector<Option> kOptions = make_options();
  return kOptions;
}

const Option* find_option(std::string_view name) {
  std::string wanted(name);
  std::replace(wanted.begin(), wanted.end(), '_', '-');
  const auto found = std::find_if(options().begin(), options().end(),
                                  [&](const Option& option) { return option.name == wanted; });
  return found == options().end() ? nullptr : &*found;
}

nlohmann::ordered_json to_json(const Config& config) {
  nlohmann::ordered_json json;
  for (const Option& option : options()) json[option.key()] = option.get(config);
  return json;
}

std::string to_toml(const Config& config) {
  std::string toml = "# fmnist-train: the settings of a run; use with --config\n";
  std::optional<OptionGroup> group;
  for (const Option& option : options()) {
    const nlohmann::json value = option.get(config);
    if (!option.saved || value.is_null()) continue;
    if (group != option.group) {
      group = option.group;
      toml += fmt::format("\n# {}\n", to_string(option.group));
    }
    toml += fmt::format("{} = {}\n", option.name,
                        value.is_string() ? toml_string(value) : typed_text(value));
  }
  return toml;
}

Config config_from_json(const nlohmann::json& json) {
  Config config;
  for (const Option& option : options()) {
    const auto found = json.find(option.key());
    if (found != json.end() && !found->is_null()) option.set(config, typed_text(*found));
  }
  return config;
}

}  // namespace fmnist
