#include <gtest/gtest.h>
#include <signal.h>

#include <regex>
#include <set>

#include "cli/program.h"

namespace fmnist {
namespace {

class StreamsTest : public ProgramTest {
 protected:
  static void expect_keys(const nlohmann::json& event, const std::set<std::string>& keys) {
    for (const std::string& key : keys) EXPECT_TRUE(event.contains(key)) << key << " in " << event;
  }
};

TEST_F(StreamsTest, ResultsAreALinePerEpochAndAClosingLine) {
  const Outcome outcome = train({"--epochs", "3"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const auto lines = lines_of(outcome.out);
  ASSERT_EQ(lines.size(), 4u) << outcome.out;
  for (int epoch = 1; epoch <= 3; ++epoch) {
    const std::regex format("\\[" + std::to_string(epoch) +
                            "\\] Test Loss: \\d+\\.\\d{4}, Accuracy: \\d{1,3}\\.\\d{2}%");
    EXPECT_TRUE(std::regex_match(lines[static_cast<std::size_t>(epoch) - 1], format)) << lines[0];
  }
  EXPECT_TRUE(lines[3].starts_with("finished after 3 epochs")) << lines[3];
}

TEST_F(StreamsTest, TheLogHasTheFormatOfTheBook) {
  const Outcome outcome = train({"--batch-size", "50", "--log-every", "2"});
  const auto lines = lines_of(outcome.err);
  std::vector<std::string> training;
  for (const std::string& line : lines)
    if (line.starts_with("Train Epoch")) training.push_back(line);
  ASSERT_EQ(training.size(), 2u) << outcome.err;
  EXPECT_TRUE(std::regex_match(
      training[0], std::regex("Train Epoch: 1 \\[100/200 \\(50%\\)\\]\tLoss:\\d+\\.\\d{6}")))
      << training[0];
  EXPECT_TRUE(std::regex_match(
      training[1], std::regex("Train Epoch: 1 \\[200/200 \\(100%\\)\\]\tLoss:\\d+\\.\\d{6}")))
      << training[1];
}

TEST_F(StreamsTest, QuietLeavesResultsAndErrorsOnly) {
  const Outcome outcome = train({"--quiet"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(lines_of(outcome.out).size(), 2u);
  expect_error(run({"--quiet", "--data-dir", "missing"}), 3, {"'missing'"});
}

TEST_F(StreamsTest, VerboseSaysMore) {
  EXPECT_GT(lines_of(train({"--verbose"}).err).size(), lines_of(train({}).err).size());
}

TEST_F(StreamsTest, JsonLinesHaveTheKeysOfTheContractAndNothingElseIsPrinted) {
  const Outcome outcome = train({"--json", "--epochs", "2", "--output", "run"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const auto events = events_of(outcome.out);
  ASSERT_GE(events.size(), 4u) << outcome.out;
  EXPECT_EQ(events.front()["event"], "start");
  EXPECT_EQ(events.back()["event"], "result");

  const auto& start = events.front();
  expect_keys(start, {"version", "config", "device", "engine", "data", "parameters", "output"});
  expect_keys(start["device"], {"requested", "used", "reason"});
  expect_keys(start["engine"], {"name", "device", "threads", "isa"});
  expect_keys(start["data"], {"dir", "sha256", "verified"});
  EXPECT_EQ(start["parameters"], 21840);
  EXPECT_EQ(start["config"]["epochs"], 2);
  EXPECT_EQ(start["config"]["batch_size"], 64);
  EXPECT_EQ(start["engine"]["threads"], 1);
  EXPECT_EQ(start["output"], "run");

  int epochs = 0;
  for (const auto& event : events) {
    if (event["event"] != "epoch") continue;
    EXPECT_EQ(event["epoch"], ++epochs);
    EXPECT_EQ(event["step"], 4 * epochs);
    expect_keys(event, {"lr", "train", "test", "seconds", "images_per_second", "weights_sha256"});
    expect_keys(event["train"], {"loss", "accuracy"});
    expect_keys(event["test"], {"loss", "accuracy"});
    expect_keys(event["seconds"], {"train", "evaluate"});
    EXPECT_FALSE(event.contains("val"));
  }
  EXPECT_EQ(epochs, 2);

  const auto& result = events.back();
  expect_keys(result, {"status", "epochs", "final", "seconds", "weights_sha256", "checkpoint"});
  expect_keys(result["final"], {"loss", "accuracy"});
  EXPECT_EQ(result["status"], "finished");
  EXPECT_EQ(result["epochs"], 2);
  EXPECT_FALSE(result.contains("best"));
}

TEST_F(StreamsTest, QuietDoesNotSilenceJson) {
  EXPECT_GE(events_of(train({"--json", "--quiet"}).out).size(), 3u);
}

TEST_F(StreamsTest, RedirectedStreamsCarryNoColourAndNoCarriageReturn) {
  const Outcome outcome = train({});
  for (const std::string* text : {&outcome.out, &outcome.err}) {
    EXPECT_EQ(text->find('\x1b'), std::string::npos);
    EXPECT_EQ(text->find('\r'), std::string::npos);
  }
  EXPECT_TRUE(outcome.err.starts_with("warning: ")) << outcome.err;
}

TEST_F(StreamsTest, ColourCanBeForcedAndForbidden) {
  Call forced = training({});
  forced.environment = {{"CLICOLOR_FORCE", "1"}};
  EXPECT_NE(run_program(forced).err.find("\x1b["), std::string::npos);
  forced.environment["NO_COLOR"] = "1";
  EXPECT_EQ(run_program(forced).err.find('\x1b'), std::string::npos);
}

TEST_F(StreamsTest, ColourNeverReachesResultsOrLogFiles) {
  Call forced = training({"--output", "run", "--log-file", "more.log"});
  forced.environment = {{"CLICOLOR_FORCE", "1"}};
  EXPECT_EQ(run_program(forced).out.find('\x1b'), std::string::npos);
  EXPECT_EQ(content_of(directory() / "run" / "train.log").find('\x1b'), std::string::npos);
  EXPECT_EQ(content_of(directory() / "more.log").find('\x1b'), std::string::npos);
}

TEST_F(StreamsTest, TheLogFileHoldsTheLog) {
  const Outcome outcome = train({"--log-file", "my.log"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(names_in(directory()), (std::vector<std::string>{"my.log"}));
  EXPECT_NE(content_of(directory() / "my.log").find("Train Epoch: 1 "), std::string::npos);
}

TEST_F(StreamsTest, ALogFileThatCannotBeOpenedIsAnError) {
  expect_error(train({"--log-file", "."}), 1, {"'.'", "log file"});
  EXPECT_EQ(train({"--log-file", "."}).out, "");
}

TEST_F(StreamsTest, AReaderThatGoesAwayEndsTheProgramQuietly) {
  for (const char* format : {"--quiet", "--json"}) {
    Call call = training({format, "--quiet", "--epochs", "100000"});
    call.output = Output::kClosedPipe;
    const Outcome outcome = run_program(call);
    EXPECT_EQ(outcome.status, 128 + SIGPIPE);
    EXPECT_EQ(outcome.err, "");
  }
  Call help = call({"--help"});
  help.output = Output::kClosedPipe;
  EXPECT_EQ(run_program(help).err, "");
}

TEST_F(StreamsTest, AnErrorKeepsItsStatusWhenNobodyReadsItsEvent) {
  for (const Output output : {Output::kClosedPipe, Output::kFull}) {
    Call call = this->call({"--json", "--no-output", "--data-dir", "missing"});
    call.output = output;
    expect_error(run_program(call), 3, {"'missing'"});
  }
}

TEST_F(StreamsTest, AFullDiskUnderStandardOutputIsAnError) {
  for (auto arguments :
       std::vector<std::vector<std::string>>{{"--help"}, {"--version"}, {"--print-config"}}) {
    Call full = call(arguments);
    full.output = Output::kFull;
    expect_error(run_program(full), 1, {"standard output", "No space left"});
  }
  for (const char* format : {"--quiet", "--json"}) {
    Call full = training({format, "--quiet"});
    full.output = Output::kFull;
    expect_error(run_program(full), 1, {"standard output", "No space left"});
  }
}

TEST_F(StreamsTest, WithoutStandardOutputNoFileReceivesTheResults) {
  Call closed = training({"--output", "run"});
  closed.output = Output::kClosed;
  run_program(closed);
  for (const std::string& name : names_in(directory() / "run"))
    EXPECT_EQ(content_of(directory() / "run" / name).find("[1] Test Loss"), std::string::npos)
        << name;
}

}  // namespace
}  // namespace fmnist
