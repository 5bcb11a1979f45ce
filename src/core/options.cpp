#include "fmnist/core/options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "fmnist/core/error.h"

namespace fmnist {
namespace {

/// What an option's builder needs besides the member it stands for.
struct Traits {
  std::string_view name;
  OptionGroup group;
  std::string_view help;
  bool changes_result = false;
  bool saved = true;
};

[[noreturn]] void reject(std::string_view name, std::string_view text,
                         const std::string& expected) {
  throw Error(ErrorKind::kUsage,
              "--" + std::string(name) + " takes " + expected + ", not '" + std::string(text) + "'",
              "see fmnist-train --help");
}

/// Copies one member from a configuration to another.
template <class Member>
auto copier(Member Config::*member) {
  return [member](Config& to, const Config& from) { to.*member = from.*member; };
}

/// `text` as a number, or nothing when any character is left over.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The shortest text that reads back as the same number, whole numbers without an exponent.
std::string format_number(double value) {
  if (value == std::floor(value) && std::abs(value) < 1e15)
    return std::to_string(static_cast<long long>(value));
  std::array<char, 32> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), result.ptr};
}

/// Numbers from `low` to `high`, the latter included unless `open`.
struct Range {
  double low;
  double high;
  bool open = false;

  bool holds(double value) const {  // false for NaN
    return value >= low && (open ? value < high : value <= high);
  }
  std::string text() const {
    return format_number(low) + " to " + (open ? "below " : "") + format_number(high);
  }
};

template <class T>
struct ValueOf {
  using type = T;
};
template <class T>
struct ValueOf<std::optional<T>> {
  using type = T;
};

template <class T>
nlohmann::json json_of(const T& value) {
  return value;
}
template <class T>
nlohmann::json json_of(const std::optional<T>& value) {
  return value ? nlohmann::json(*value) : nlohmann::json();
}

template <class Member>
Option number(Traits traits, Member Config::*member, Range range) {
  using Number = typename ValueOf<Member>::type;
  const std::string expected =
      (std::is_integral_v<Number> ? "an integer from " : "a number from ") + range.text();
  return {traits.name,
          traits.group,
          traits.help,
          "N",
          range.text(),
          traits.changes_result,
          traits.saved,
          [=](Config& config, std::string_view text) {
            const auto value = parse_number<Number>(text);
            if (!value || !range.holds(static_cast<double>(*value)))
              reject(traits.name, text, expected);
            config.*member = *value;
          },
          [=](const Config& config) { return json_of(config.*member); },
          copier(member)};
}

Option flag(Traits traits, bool Config::*member) {
  return {traits.name,
          traits.group,
          traits.help,
          "",
          "",
          traits.changes_result,
          traits.saved,
          [=](Config& config, std::string_view text) {
            if (text != "true" && text != "false") reject(traits.name, text, "true or false");
            config.*member = text == "true";
          },
          [=](const Config& config) { return nlohmann::json(config.*member); },
          copier(member)};
}

template <class Enum, std::size_t kCount>
Option choice(Traits traits, Enum Config::*member,
              const std::array<std::pair<std::string_view, Enum>, kCount>& names) {
  std::string values;
  for (const auto& [name, value] : names) values += (values.empty() ? "" : "|") + std::string(name);
  return {traits.name,
          traits.group,
          traits.help,
          values,
          "",
          traits.changes_result,
          traits.saved,
          [=](Config& config, std::string_view text) {
            const auto found = std::find_if(names.begin(), names.end(),
                                            [&](const auto& entry) { return entry.first == text; });
            if (found == names.end()) reject(traits.name, text, "one of " + values);
            config.*member = found->second;
          },
          [=](const Config& config) {
            const auto found = std::find_if(names.begin(), names.end(), [&](const auto& entry) {
              return entry.second == config.*member;
            });
            return nlohmann::json(found->first);
          },
          copier(member)};
}

Option path(Traits traits, std::optional<std::filesystem::path> Config::*member,
            const char* placeholder) {
  return {traits.name,
          traits.group,
          traits.help,
          placeholder,
          "",
          traits.changes_result,
          traits.saved,
          [=](Config& config, std::string_view text) {
            if (text.empty()) reject(traits.name, text, "a path");
            config.*member = std::filesystem::path(text);
          },
          [=](const Config& config) {
            const auto& value = config.*member;
            return value ? nlohmann::json(value->string()) : nlohmann::json();
          },
          copier(member)};
}

Option device(Traits traits) {
  return {traits.name,
          traits.group,
          traits.help,
          "auto|cpu|cuda|cuda:N",
          "",
          traits.changes_result,
          traits.saved,
          [=](Config& config, std::string_view text) {
            constexpr std::string_view kPrefix = "cuda:";
            if (text == "auto") {
              config.device = {};
            } else if (text == "cpu") {
              config.device = {DeviceRequest::Kind::kCpu, std::nullopt};
            } else if (text == "cuda") {
              config.device = {DeviceRequest::Kind::kCuda, std::nullopt};
            } else {
              const auto index = text.starts_with(kPrefix)
                                     ? parse_number<int>(text.substr(kPrefix.size()))
                                     : std::nullopt;
              if (!index || *index < 0 || *index > 127)
                reject(traits.name, text, "one of auto, cpu, cuda, cuda:N (N from 0 to 127)");
              config.device = {DeviceRequest::Kind::kCuda, index};
            }
          },
          [](const Config& config) -> nlohmann::json {
            if (config.device.kind == DeviceRequest::Kind::kAuto) return "auto";
            if (config.device.kind == DeviceRequest::Kind::kCpu) return "cpu";
            if (!config.device.index) return "cuda";
            return "cuda:" + std::to_string(*config.device.index);
          },
          copier(&Config::device)};
}

Option checkpoint_interval(Traits traits) {
  return {traits.name,
          traits.group,
          traits.help,
          "N|Nb",
          "",
          traits.changes_result,
          traits.saved,
          [=](Config& config, std::string_view text) {
            const bool in_batches = text.ends_with('b');
            const auto count =
                parse_number<int>(in_batches ? text.substr(0, text.size() - 1) : text);
            if (!count || *count < 1 || *count > 1'000'000'000)
              reject(traits.name, text, "N epochs or Nb batches, N from 1 to 1000000000");
            config.checkpoint_every = {*count, in_batches};
          },
          [](const Config& config) -> nlohmann::json {
            return std::to_string(config.checkpoint_every.count) +
                   (config.checkpoint_every.in_batches ? "b" : "");
          },
          copier(&Config::checkpoint_every)};
}

/// Seconds from "90", "90s", "10m", "1.5h", "1h30m".
std::optional<double> parse_duration(std::string_view text) {
  if (const auto seconds = parse_number<double>(text)) return seconds;
  double total = 0.0;
  while (!text.empty()) {
    const auto unit = text.find_first_of("smhd");
    if (unit == std::string_view::npos) return std::nullopt;
    const auto count = parse_number<double>(text.substr(0, unit));
    if (!count || *count < 0.0) return std::nullopt;
    total += *count * (text[unit] == 's'   ? 1.0
                       : text[unit] == 'm' ? 60.0
                       : text[unit] == 'h' ? 3600.0
                                           : 86400.0);
    text.remove_prefix(unit + 1);
  }
  return total;
}

Option duration(Traits traits, std::optional<double> Config::*member) {
  return {traits.name,
          traits.group,
          traits.help,
          "DURATION",
          "",
          traits.changes_result,
          traits.saved,
          [=](Config& config, std::string_view text) {
            const auto seconds = text.empty() ? std::nullopt : parse_duration(text);
            if (!seconds || !(*seconds > 0.0 && *seconds <= 1e9))
              reject(traits.name, text, "a time such as 90s, 10m or 1h30m, up to 1e9 seconds");
            config.*member = seconds;
          },
          [=](const Config& config) { return json_of(config.*member); },
          copier(member)};
}

constexpr std::array<std::pair<std::string_view, LrSchedule>, 4> kLrSchedules = {
    {{"constant", LrSchedule::kConstant},
     {"linear", LrSchedule::kLinear},
     {"cosine", LrSchedule::kCosine},
     {"step", LrSchedule::kStep}}};
constexpr std::array<std::pair<std::string_view, ProgressStyle>, 4> kProgressStyles = {
    {{"auto", ProgressStyle::kAuto},
     {"bar", ProgressStyle::kBar},
     {"lines", ProgressStyle::kLines},
     {"none", ProgressStyle::kNone}}};
constexpr double kMaxSeed = 4294967295.0;

std::vector<Option> recipe_options() {
  const auto traits = [](std::string_view name, std::string_view help) {
    return Traits{name, OptionGroup::kRecipe, help, /*changes_result=*/true};
  };
  return {
      number(traits("epochs", "passes over the training images; 0 initialises, evaluates, saves"),
             &Config::epochs, {0, 1e6}),
      number(traits("batch-size", "images per optimiser step"), &Config::batch_size, {1, 60000}),
      number(traits("lr", "learning rate"), &Config::learning_rate, {0, 1e6}),
      number(traits("momentum", "momentum of SGD"), &Config::momentum, {0, 1, true}),
      flag(traits("nesterov", "Nesterov's form of momentum"), &Config::nesterov),
      number(traits("weight-decay", "L2 penalty, added to the gradient"), &Config::weight_decay,
             {0, 1e3}),
      choice(traits("lr-schedule",
                    "learning rate over the run: linear and cosine fall to 0 at its end, step "
                    "divides by 10 after 1/2 and 3/4 of it"),
             &Config::lr_schedule, kLrSchedules),
      number(traits("warmup-epochs", "epochs in which the learning rate rises linearly from 0"),
             &Config::warmup_epochs, {0, 1e6}),
      number(traits("dropout", "probability that a hidden unit is dropped"), &Config::dropout,
             {0, 1, true}),
      number(traits("label-smoothing", "share of the target spread over all classes"),
             &Config::label_smoothing, {0, 1, true}),
      number(traits("seed", "decides initial weights, order, dropout and validation split"),
             &Config::seed, {0, kMaxSeed}),
  };
}

std::vector<Option> data_options() {
  return {
      path({"data-dir", OptionGroup::kData, "directory of the four IDX files, raw or .gz"},
           &Config::data_dir, "DIR"),
      number({"val-split", OptionGroup::kData,
              "training images held out for validation, stratified; the best epoch by them is kept",
              true},
             &Config::val_split, {0, 59999}),
      number({"train-limit", OptionGroup::kData, "train on the first N images only", true},
             &Config::train_limit, {1, 60000}),
  };
}

std::vector<Option> machine_options() {
  return {
      device({"device", OptionGroup::kMachine, "where to train; auto takes CUDA when it works"}),
      flag({"require-device", OptionGroup::kMachine,
            "fail (status 4) when --device is not usable instead of taking the CPU"},
           &Config::require_device),
      choice({"engine", OptionGroup::kMachine, "what does the arithmetic"}, &Config::engine,
             kEngineNames),
      number({"threads", OptionGroup::kMachine,
              "CPU threads (default: the cores this process may use)"},
             &Config::threads, {1, 1024}),
  };
}

std::vector<Option> output_options() {
  const auto wish = [](std::string_view name, std::string_view help) {
    return Traits{name, OptionGroup::kOutput, help, /*changes_result=*/false, /*saved=*/false};
  };
  return {
      path(wish("output", "run directory (default: runs/<UTC date-time>)"), &Config::output, "DIR"),
      flag(wish("no-output", "write no file"), &Config::no_output),
      flag(wish("overwrite", "replace the run that --output holds"), &Config::overwrite),
      checkpoint_interval({"checkpoint-every", OptionGroup::kOutput,
                           "keep the training state every N epochs, or every N batches as Nb"}),
      number({"log-every", OptionGroup::kOutput, "batches between two lines of the training log"},
             &Config::log_every, {1, 1e9}),
      flag(wish("json", "results as JSON lines on standard output"), &Config::json),
      choice(wish("progress",
                  "on standard error: a bar, or training lines; auto shows the bar on a terminal"),
             &Config::progress, kProgressStyles),
      flag(wish("quiet", "results and errors only"), &Config::quiet),
      flag(wish("verbose", "log details too"), &Config::verbose),
      path(wish("log-file", "write the log to FILE too"), &Config::log_file, "FILE"),
      flag({"tensorboard", OptionGroup::kOutput,
            "write event files for TensorBoard into the run directory"},
           &Config::tensorboard),
  };
}

std::vector<Option> gate_options() {
  return {
      number({"fail-under", OptionGroup::kGates,
              "exit with status 7 when the final accuracy in percent is below N"},
             &Config::fail_under, {0, 100}),
      duration({"max-time", OptionGroup::kGates,
                "stop this call after this time (90s, 10m, 1h30m), to be resumed",
                /*changes_result=*/false, /*saved=*/false},
               &Config::max_time),
      number({"limit-batches", OptionGroup::kGates, "end every epoch after N batches: smoke runs",
              true},
             &Config::limit_batches, {1, 1e9}),
  };
}

std::string text_of(const nlohmann::json& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return format_number(value.get<double>());
  return value.dump();
}

/// A JSON string is also a TOML basic string; bytes that are not UTF-8 have none and are replaced.
std::string quoted(const nlohmann::json& text) {
  return text.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string hyphenated(std::string_view name) {
  std::string text(name);
  std::replace(text.begin(), text.end(), '_', '-');
  return text;
}

}  // namespace

std::string_view to_string(OptionGroup group) {
  constexpr std::array<std::string_view, 5> kNames = {"recipe", "data", "machine", "output",
                                                      "gates"};
  return kNames[static_cast<std::size_t>(group)];
}

std::string Option::key() const {
  std::string key(name);
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

std::string Option::text(const Config& config) const { return text_of(get(config)); }

const std::vector<Option>& options() {
  static const std::vector<Option> kOptions = [] {
    std::vector<Option> all;
    for (auto group :
         {recipe_options(), data_options(), machine_options(), output_options(), gate_options()})
      all.insert(all.end(), group.begin(), group.end());
    return all;
  }();
  return kOptions;
}

const Option* find_option(std::string_view name) {
  const std::string wanted = hyphenated(name);
  for (const Option& option : options())
    if (option.name == wanted) return &option;
  return nullptr;
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
      toml += "\n# " + std::string(to_string(option.group)) + "\n";
    }
    toml += std::string(option.name) + " = " +
            (value.is_string() ? quoted(value) : text_of(value)) + "\n";
  }
  return toml;
}

Config config_from_json(const nlohmann::json& json) {
  Config config;
  for (const Option& option : options()) {
    const auto found = json.find(option.key());
    if (found != json.end() && !found->is_null()) option.set(config, text_of(*found));
  }
  return config;
}

}  // namespace fmnist
