#include "cli/arguments/command_line.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cli/commands/commands.h"
#include "fmnist/core/options.h"
#include "support/errors.h"

namespace fmnist {
namespace {

Invocation parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "fmnist-train");
  return parse_command_line(static_cast<int>(arguments.size()), arguments.data(), commands());
}

std::string refusal_of(const std::vector<const char*>& arguments) {
  return error_of(ErrorKind::kUsage, [&] { parse(arguments); });
}

TEST(CommandLineTest, NoArgumentsTrainTheBookRecipe) {
  const Invocation invocation = parse({});
  EXPECT_EQ(invocation.command->id, kTrain);
  EXPECT_EQ(to_json(invocation.config), to_json(Config{}));
  EXPECT_TRUE(invocation.given.empty());
  EXPECT_EQ(invocation.config.epochs, 40u);
  EXPECT_EQ(invocation.config.batch_size, 64u);
  EXPECT_EQ(invocation.config.learning_rate, 0.01);
  EXPECT_EQ(invocation.config.momentum, 0.5);
  EXPECT_EQ(invocation.config.dropout, 0.5);
  EXPECT_EQ(invocation.config.seed, 0u);
}

TEST(CommandLineTest, ThereMayBeNoProgramName) {
  EXPECT_EQ(parse_command_line(0, nullptr, commands()).command->id, kTrain);
}

TEST(CommandLineTest, GivenHoldsTheOptionsThatWereSet) {
  EXPECT_EQ(parse({"--lr", "0.01", "--batch_size=64", "-q"}).given,
            (std::set<std::string>{"lr", "batch-size", "quiet"}));
}

TEST(CommandLineTest, EveryNumberRefusesWhatIsNoNumberOrOutOfRange) {
  for (const Option& option : options()) {
    if (option.range.empty()) continue;
    const std::string name = "--" + std::string(option.name);
    for (const char* value : {"nan", "-nan", "inf", "-inf", "infinity", "1e999", "-1", "1e12", "",
                              " 1", "1 ", "1x", "x", "0x1", "1,5", "++1", "+-1"}) {
      expect_parts(refusal_of({name.c_str(), value}),
                   {name, "'" + std::string(value) + "'", option.range});
    }
  }
}

TEST(CommandLineTest, NothingAfterAnEqualsSignIsNoValueAndTakesNotTheNextArgument) {
  for (const std::vector<const char*>& arguments : std::vector<std::vector<const char*>>{
           {"--lr="}, {"--lr=", "3"}, {"--data-dir=", "x"}, {"--nesterov="}})
    expect_parts(refusal_of(arguments), {std::string(arguments[0]).substr(0, 4)});
}

TEST(CommandLineTest, TheEndsOfARangeBelongToIt) {
  for (const Option& option : options()) {
    if (option.range.empty()) continue;
    const std::size_t to = option.range.find(" to ");
    const std::string low = option.range.substr(0, to);
    std::string high = option.range.substr(to + 4);
    const bool open = high.starts_with("below ");
    if (open) high.erase(0, std::string("below ").size());
    Config config;
    EXPECT_NO_THROW(option.set(config, low)) << option.name;
    if (open) {
      EXPECT_THROW(option.set(config, high), Error) << option.name;
    } else {
      EXPECT_NO_THROW(option.set(config, high)) << option.name;
    }
  }
}

TEST(CommandLineTest, EveryFlagTakesTrueAndFalseOnly) {
  for (const Option& option : options()) {
    if (!option.is_flag()) continue;
    const std::string name = "--" + std::string(option.name);
    EXPECT_EQ(option.get(parse({(name + "=false").c_str()}).config), false) << name;
    for (const char* value : {"maybe", "1", "yes", "TRUE"})
      expect_parts(refusal_of({(name + "=" + value).c_str()}), {name, value, "true or false"});
  }
}

TEST(CommandLineTest, EveryOptionWantsAValueUnlessItIsAFlag) {
  for (const Option& option : options()) {
    if (option.is_flag()) continue;
    const std::string name = "--" + std::string(option.name);
    const std::string sentence = refusal_of({name.c_str()});
    expect_parts(sentence, {name});
    EXPECT_EQ(sentence.find("1 required"), std::string::npos) << "unclear: " << sentence;
  }
}

TEST(CommandLineTest, EnumerationsNameTheirValues) {
  expect_parts(refusal_of({"--lr-schedule", "cos"}),
               {"--lr-schedule", "'cos'", "constant", "linear", "cosine", "step"});
  expect_parts(refusal_of({"--engine", ""}), {"--engine", "''", "auto", "torch", "fused"});
  expect_parts(refusal_of({"--device", "cuda:x"}), {"--device", "'cuda:x'", "auto", "cpu"});
}

TEST(CommandLineTest, DurationsAreReadInSeconds) {
  for (const auto& [text, seconds] : std::vector<std::pair<const char*, double>>{{"90", 90.0},
                                                                                 {"0.5s", 0.5},
                                                                                 {"10m", 600.0},
                                                                                 {"1.5h", 5400.0},
                                                                                 {"1h30m", 5400.0},
                                                                                 {"1d", 86400.0}})
    EXPECT_EQ(parse({"--max-time", text}).config.max_time, Seconds(seconds)) << text;
  for (const char* text :
       {"0", "-1", "nan", "inf", "", "h", "1h30", "10x", "1e10", "1m-5s", "1mm", "1h-30m"})
    expect_parts(refusal_of({"--max-time", text}), {"--max-time", "'" + std::string(text) + "'"});
}

TEST(CommandLineTest, CheckpointIntervalsAreEpochsOrBatches) {
  EXPECT_FALSE(parse({"--checkpoint-every", "3"}).config.checkpoint_every.in_batches);
  EXPECT_TRUE(parse({"--checkpoint-every", "3b"}).config.checkpoint_every.in_batches);
  EXPECT_EQ(parse({"--checkpoint-every", "3b"}).config.checkpoint_every.count, 3u);
  for (const char* text : {"0", "0b", "-1", "b", "", "1.5", "nan", "3c", "3bb"})
    expect_parts(refusal_of({"--checkpoint-every", text}), {"--checkpoint-every", text});
}

TEST(CommandLineTest, DevicesHaveAKindAndPerhapsANumber) {
  EXPECT_EQ(parse({"--device", "cpu"}).config.device.kind, DeviceRequest::Kind::kCpu);
  EXPECT_EQ(parse({"--device", "cuda"}).config.device.index, std::nullopt);
  EXPECT_EQ(parse({"--device", "cuda:2"}).config.device.index, 2);
}

TEST(CommandLineTest, UnknownOptionsAreNamedWithTheNearestOne) {
  for (const auto& [given, meant] :
       std::vector<std::pair<const char*, std::string>>{{"--epoch", "--epochs"},
                                                        {"--batchsize", "--batch-size"},
                                                        {"--LR", "--lr"},
                                                        {"--momentun=0.9", "--momentum"},
                                                        {"--out-put", "--output"}}) {
    try {
      parse({given});
      ADD_FAILURE() << given << " was taken";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      EXPECT_EQ(error.hint(), "did you mean " + meant + "?") << error.what();
    }
  }
}

TEST(CommandLineTest, HelpAndVersionComeBeforeErrors) {
  for (const char* option : {"--help", "-h", "--version"}) {
    const Invocation invocation = parse({option, "--lr", "nan"});
    ASSERT_TRUE(invocation.text);
    EXPECT_TRUE(invocation.text->ends_with("\n"));
  }
}

TEST(CommandLineTest, PrintConfigChecksTheSettings) {
  EXPECT_EQ(parse({"--print-config"}).text, to_toml(Config{}));
  refusal_of({"--print-config", "--nesterov", "--momentum=0"});
}

TEST(CommandLineTest, CombinationsAreChecked) {
  expect_parts(refusal_of({"--output", "x", "--no-output"}), {"--output", "--no-output"});
  expect_parts(refusal_of({"--no-output", "--overwrite"}), {"--overwrite", "--no-output"});
  expect_parts(refusal_of({"-q", "-v"}), {"--quiet", "--verbose"});
  expect_parts(refusal_of({"--nesterov", "--momentum", "0"}), {"--nesterov", "--momentum"});
  expect_parts(refusal_of({"--warmup-epochs", "41"}), {"--warmup-epochs", "41", "40"});
  expect_parts(refusal_of({"--engine", "fused", "--device", "cuda:1"}), {"fused", "cuda:1"});
}

}  // namespace
}  // namespace fmnist
