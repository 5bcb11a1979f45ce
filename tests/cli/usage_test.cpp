#include <gtest/gtest.h>

#include <algorithm>

#include "cli/program.h"
#include "fmnist/core/options.h"

namespace fmnist {
namespace {

class UsageTest : public ProgramTest {};

TEST_F(UsageTest, HelpGoesToStandardOutputAndSucceeds) {
  const Outcome outcome = run({"--help"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(run({"-h"}).out, outcome.out);
}

TEST_F(UsageTest, HelpFitsATerminalOf80Columns) {
  for (const std::string& line : lines_of(run({"--help"}).out)) {
    EXPECT_LE(line.size(), 80u) << line;
    EXPECT_FALSE(line.ends_with(' ')) << "'" << line << "'";
  }
}

TEST_F(UsageTest, HelpListsEveryOptionInItsGroupWithItsDefault) {
  const std::string help = run({"--help"}).out;
  const Config defaults;
  std::size_t place = 0;
  for (const Option& option : options()) {
    const std::string name = "--" + std::string(option.name);
    const std::size_t heading = help.find("\n" + std::string(to_string(option.group)) + ":\n");
    const std::size_t found = std::min(help.find("  " + name), help.find("," + name));
    ASSERT_NE(heading, std::string::npos) << to_string(option.group);
    ASSERT_NE(found, std::string::npos) << name;
    EXPECT_GT(found, heading) << name;
    EXPECT_GT(found, place) << name << " stands before the option that precedes it";
    place = found;
  }
  for (const char* name : {"--config FILE", "--print-config", "--version", "--help"})
    EXPECT_NE(help.find(name), std::string::npos) << name;
  for (const char* text : {"default 40", "default 0.01", "default constant", "default auto"})
    EXPECT_NE(help.find(text), std::string::npos) << text;
}

TEST_F(UsageTest, VersionIsOneLineAndNamesLibTorchToo) {
  const Outcome outcome = run({"--version"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.err, "");
  ASSERT_EQ(lines_of(outcome.out).size(), 1u);
  EXPECT_TRUE(outcome.out.starts_with("fmnist-train ")) << outcome.out;
  EXPECT_NE(outcome.out.find("LibTorch 2."), std::string::npos) << outcome.out;
}

TEST_F(UsageTest, EveryNumberRefusesNanWithOptionValueAndRange) {
  for (const Option& option : options()) {
    if (option.range.empty()) continue;
    const std::string name = "--" + std::string(option.name);
    const Outcome outcome = run({name, "nan"});
    expect_error(outcome, 2, {name, "'nan'", option.range});
    EXPECT_EQ(outcome.out, "");
  }
}

TEST_F(UsageTest, ValuesThatAreNoNumbersAreRefused) {
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"--lr", "inf"},
                                                        {"--lr", "-0.1"},
                                                        {"--lr", "0,1"},
                                                        {"--lr", ""},
                                                        {"--lr", "0x10"},
                                                        {"--lr", " 0.1"},
                                                        {"--epochs", "1.5"},
                                                        {"--epochs", "-1"},
                                                        {"--epochs", "99999999999999999999"},
                                                        {"--seed", "4294967296"},
                                                        {"--batch-size", "0"},
                                                        {"--momentum", "1"},
                                                        {"--dropout", "1"},
                                                        {"--device", "gpu"},
                                                        {"--device", "cuda:-1"},
                                                        {"--engine", "magic"},
                                                        {"--lr-schedule", "Cosine"},
                                                        {"--max-time", "10x"},
                                                        {"--max-time", "0"},
                                                        {"--checkpoint-every", "0"},
                                                        {"--checkpoint-every", "b"},
                                                        {"--fail-under", "101"},
                                                        {"--output", ""},
                                                        {"--data-dir", ""},
                                                        {"--log-file", ""}}) {
    expect_error(run({name, value}), 2, {name, "'" + value + "'"});
  }
}

TEST_F(UsageTest, AnEmptyConfigFileNameIsRefused) {
  expect_error(run({"--config", "", "--print-config"}), 2, {"--config"});
}

TEST_F(UsageTest, AMissingValueIsRefused) { expect_error(run({"--lr"}), 2, {"--lr"}); }

TEST_F(UsageTest, AFlagTakesNoOtherValueThanTrueOrFalse) {
  expect_error(run({"--nesterov=maybe"}), 2, {"--nesterov", "'maybe'", "true or false"});
  expect_error(run({"--print-config=maybe"}), 2, {"--print-config", "maybe"});
}

TEST_F(UsageTest, AnUnknownOptionIsRefusedWithASuggestion) {
  expect_error(run({"--epoch", "3"}), 2, {"--epoch", "did you mean --epochs?"});
  expect_error(run({"--batchsize", "3"}), 2, {"--batchsize", "did you mean --batch-size?"});
  expect_error(run({"--frobnicate"}), 2, {"--frobnicate", "fmnist-train --help"});
}

TEST_F(UsageTest, ASuggestionFitsTheOptionsOfGeneralUseToo) {
  expect_error(run({"--confg", "x"}), 2, {"did you mean --config?"});
  expect_error(run({"--verison"}), 2, {"did you mean --version?"});
}

TEST_F(UsageTest, AStrayShortOptionIsNotTakenForAnotherOption) {
  const Outcome outcome = run({"-x"});
  expect_error(outcome, 2, {"-x"});
  EXPECT_EQ(outcome.err.find("did you mean"), std::string::npos) << outcome.err;
}

TEST_F(UsageTest, AStrayWordIsRefusedAndNotCalledAnOption) {
  const Outcome outcome = run({"fast"});
  expect_error(outcome, 2, {"'fast'"});
  EXPECT_EQ(outcome.err.find("no option 'fast'"), std::string::npos) << outcome.err;
}

TEST_F(UsageTest, BadCombinationsAreRefusedBeforeAnyDataIsRead) {
  for (const auto& [arguments, parts] :
       std::vector<std::pair<std::vector<std::string>, std::vector<std::string>>>{
           {{"--output", "run", "--no-output"}, {"--output", "--no-output"}},
           {{"--overwrite", "--no-output"}, {"--overwrite", "--no-output"}},
           {{"--tensorboard", "--no-output"}, {"--tensorboard", "--no-output"}},
           {{"--quiet", "--verbose"}, {"--quiet", "--verbose"}},
           {{"--nesterov", "--momentum", "0"}, {"--nesterov", "--momentum"}},
           {{"--epochs", "2", "--warmup-epochs", "2.5"}, {"--warmup-epochs is 2.5", "--epochs 2"}},
           {{"--engine", "fused", "--device", "cuda"}, {"--engine fused", "--device cuda"}}}) {
    std::vector<std::string> all = {"--data-dir", "missing"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    expect_error(run(all), 2, parts);
  }
  EXPECT_TRUE(names_in(directory()).empty());
}

TEST_F(UsageTest, UnderscoresCountAsHyphensInNamesOnly) {
  const Outcome outcome =
      run({"--batch_size=7", "--train_limit", "9", "--data_dir=my_data", "--print_config"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("batch-size = 7\n"), std::string::npos);
  EXPECT_NE(outcome.out.find("train-limit = 9\n"), std::string::npos);
  EXPECT_NE(outcome.out.find("data-dir = \"my_data\"\n"), std::string::npos);
}

TEST_F(UsageTest, TheLastOfARepeatedOptionCounts) {
  EXPECT_NE(run({"--lr", "0.1", "--lr", "0.2", "--print-config"}).out.find("\nlr = 0.2\n"),
            std::string::npos);
}

TEST_F(UsageTest, WithJsonAUsageErrorIsAnEventToo) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"--json", "--lr", "nan"}, {"--lr", "nan", "--json"}, {"--json", "--frobnicate"}}) {
    const Outcome outcome = run(arguments);
    expect_error(outcome, 2, {});
    const auto event = event_of(outcome.out, "error");
    EXPECT_EQ(event.value("code", 0), 2);
    EXPECT_EQ(event.value("kind", ""), "usage");
    EXPECT_NE(event.value("message", ""), "");
    EXPECT_NE(event.value("hint", ""), "");
  }
}

}  // namespace
}  // namespace fmnist
