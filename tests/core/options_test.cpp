#include "fmnist/core/options.h"

#include <gtest/gtest.h>

#include <set>

#include "fmnist/core/error.h"
#include "support/errors.h"

namespace fmnist {
namespace {

std::string refusal(const char* name, const std::string& text) {
  Config config;
  const std::string sentence =
      error_of(ErrorKind::kUsage, [&] { find_option(name)->set(config, text); });
  EXPECT_EQ(config, Config{}) << "a refused value must change nothing";
  return sentence;
}

TEST(OptionsTest, NamesAreUniqueAndEveryOptionHasAHelpSentence) {
  std::set<std::string_view> names;
  for (const Option& option : options()) {
    EXPECT_TRUE(names.insert(option.name).second) << option.name;
    EXPECT_GT(option.help.size(), 5u) << option.name;
  }
}

TEST(OptionsTest, TheDefaultsAreTheBookRecipe) {
  const Config config;
  const std::pair<const char*, const char*> expected[] = {
      {"epochs", "40"},    {"batch-size", "64"},        {"lr", "0.01"},
      {"momentum", "0.5"}, {"nesterov", "false"},       {"weight-decay", "0"},
      {"dropout", "0.5"},  {"lr-schedule", "constant"}, {"warmup-epochs", "0"},
      {"seed", "0"},       {"label-smoothing", "0"},    {"val-split", "0"},
      {"train-limit", ""}, {"device", "auto"},          {"engine", "auto"},
      {"threads", ""},     {"checkpoint-every", "1"},   {"log-every", "200"},
      {"progress", "auto"}};
  for (const auto& [name, text] : expected)
    EXPECT_EQ(find_option(name)->text(config), text) << name;
}

TEST(OptionsTest, NumbersOutsideTheirRangeAreRefusedByNameValueAndRange) {
  for (const Option& option : options()) {
    if (option.range.empty()) continue;
    for (const char* text :
         {"nan", "inf", "-inf", "-1", "1e30", "", "x", "1x", " 1", "0x10", "1,5"})
      expect_parts(refusal(std::string(option.name).c_str(), text),
                   {"--" + std::string(option.name), "'" + std::string(text) + "'", option.range});
  }
  EXPECT_EQ(refusal("momentum", "1"), "--momentum takes a number from 0 to below 1, not '1'");
  EXPECT_EQ(refusal("epochs", "2.5"), "--epochs takes an integer from 0 to 1000000, not '2.5'");
}

TEST(OptionsTest, TheEndsOfARangeAreTaken) {
  Config config;
  find_option("epochs")->set(config, "0");
  find_option("batch-size")->set(config, "60000");
  find_option("seed")->set(config, "4294967295");
  find_option("fail-under")->set(config, "100");
  EXPECT_EQ(config.epochs, 0u);
  EXPECT_EQ(config.batch_size, 60000u);
  EXPECT_EQ(config.seed, 4294967295u);
  EXPECT_EQ(config.fail_under, 100.0);
}

TEST(OptionsTest, ChoicesAreRefusedWithTheListOfNames) {
  EXPECT_EQ(refusal("lr-schedule", "cosin"),
            "--lr-schedule takes one of constant|linear|cosine|step, not 'cosin'");
  EXPECT_EQ(refusal("engine", ""), "--engine takes one of auto|torch|fused, not ''");
}

TEST(OptionsTest, Devices) {
  Config config;
  const Option& device = *find_option("device");
  for (const char* text : {"cpu", "cuda", "cuda:0", "cuda:12", "auto"}) {
    device.set(config, text);
    EXPECT_EQ(device.text(config), text);
  }
  for (const char* text : {"", "gpu", "cuda:", "cuda:-1", "cuda:x", "cuda:1000", "CPU"})
    refusal("device", text);
}

TEST(OptionsTest, Durations) {
  Config config;
  const Option& max_time = *find_option("max-time");
  const std::pair<const char*, double> expected[] = {
      {"90", 90}, {"90s", 90}, {"10m", 600}, {"1.5h", 5400}, {"1h30m", 5400}, {"2d", 172800}};
  for (const auto& [text, seconds] : expected) {
    max_time.set(config, text);
    EXPECT_EQ(config.max_time, Seconds(seconds)) << text;
  }
  for (const char* text : {"", "0", "-1s", "s", "1x", "1h30", "nan", "inf", "1e99h"})
    refusal("max-time", text);
}

TEST(OptionsTest, CheckpointIntervals) {
  Config config;
  const Option& every = *find_option("checkpoint-every");
  every.set(config, "200b");
  EXPECT_EQ(config.checkpoint_every, (CheckpointInterval{200, true}));
  EXPECT_EQ(every.text(config), "200b");
  every.set(config, "3");
  EXPECT_EQ(config.checkpoint_every, (CheckpointInterval{3, false}));
  for (const char* text : {"", "0", "b", "-2b", "2e", "1.5"}) refusal("checkpoint-every", text);
}

TEST(OptionsTest, UnderscoresCountAsHyphens) {
  EXPECT_EQ(find_option("batch_size"), find_option("batch-size"));
  EXPECT_NE(find_option("batch_size"), nullptr);
  EXPECT_EQ(find_option("bach-size"), nullptr);
}

/// A configuration in which every option has another value than its default.
Config changed_config() {
  Config config;
  for (const Option& option : options()) {
    if (option.is_flag()) {
      option.set(config, "true");
    } else if (!option.range.empty()) {
      option.set(config, option.name == "momentum"     ? "0.25"
                         : option.range.ends_with("1") ? "0.125"
                                                       : "7");
    }
  }
  find_option("lr-schedule")->set(config, "cosine");
  find_option("engine")->set(config, "torch");
  find_option("progress")->set(config, "none");
  find_option("device")->set(config, "cuda:3");
  find_option("checkpoint-every")->set(config, "9b");
  find_option("max-time")->set(config, "1.25h");
  for (const char* path : {"data-dir", "output", "log-file"})
    find_option(path)->set(config, "/tmp/a \"quoted\" \\ path");
  return config;
}

TEST(OptionsTest, JsonRoundTripKeepsEverySetting) {
  const Config config = changed_config();
  const Config defaults;
  for (const Option& option : options())
    EXPECT_NE(option.text(config), option.text(defaults)) << option.name;
  EXPECT_EQ(config_from_json(to_json(config)), config);
  EXPECT_EQ(config_from_json(to_json(defaults)), defaults);
}

TEST(OptionsTest, TomlHoldsSavedSettingsOnly) {
  const std::string toml = to_toml(changed_config());
  EXPECT_NE(toml.find("\nepochs = 7\n"), std::string::npos) << toml;
  EXPECT_NE(toml.find("\nlr-schedule = \"cosine\"\n"), std::string::npos) << toml;
  EXPECT_NE(toml.find("\nnesterov = true\n"), std::string::npos) << toml;
  EXPECT_EQ(toml.find("overwrite"), std::string::npos) << toml;
  EXPECT_EQ(toml.find("output ="), std::string::npos) << toml;
}

TEST(ConfigTest, CombinationsThatMakeNoSenseAreRefused) {
  const auto refused = [](auto&& change) {
    Config config;
    change(config);
    return error_of(ErrorKind::kUsage, [&] { validate(config); });
  };
  validate(Config{});
  expect_parts(refused([](Config& c) { c.no_output = true, c.output = "x"; }),
               {"--output", "--no-output"});
  expect_parts(refused([](Config& c) { c.no_output = c.overwrite = true; }),
               {"--overwrite", "--no-output"});
  expect_parts(refused([](Config& c) { c.no_output = c.tensorboard = true; }),
               {"--tensorboard", "--no-output", "run directory"});
  expect_parts(refused([](Config& c) { c.quiet = c.verbose = true; }), {"--quiet", "--verbose"});
  expect_parts(refused([](Config& c) { c.nesterov = true, c.momentum = 0; }),
               {"--nesterov", "--momentum"});
  expect_parts(refused([](Config& c) { c.warmup_epochs = 41; }), {"--warmup-epochs", "41", "40"});
  expect_parts(refused([](Config& c) {
                 c.engine = EngineChoice::kFused;
                 c.device = {DeviceRequest::Kind::kCuda, 1};
               }),
               {"--engine fused", "cuda:1"});
}

}  // namespace
}  // namespace fmnist
