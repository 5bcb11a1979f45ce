#include <gtest/gtest.h>

#include "cli/program.h"
#include "support/idx_writer.h"

namespace fmnist {
namespace {

class CommandsTest : public ProgramTest {
 protected:
  /// Trains into `run` and returns the result event.
  nlohmann::json trained(std::vector<std::string> more = {}) const {
    more.insert(more.end(), {"--output", "run", "--json", "--quiet"});
    const Outcome outcome = train(more);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return event_of(outcome.out, "result");
  }
  Outcome evaluate(std::vector<std::string> more) const {
    more.insert(more.begin(),
                {"evaluate", "--checkpoint", "run", "--data-dir", dataset().string(), "--quiet"});
    return run(more);
  }
};

TEST_F(CommandsTest, EvaluateGivesTheRunsOwnFiguresToTheLastDigit) {
  for (const char* engine : {"fused", "torch"}) {
    const auto result = trained({"--engine", engine, "--overwrite"});
    const Outcome outcome = evaluate({"--json"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    const auto evaluation = event_of(outcome.out, "evaluation");
    EXPECT_EQ(evaluation["loss"], result["final"]["loss"]) << engine;
    EXPECT_EQ(evaluation["accuracy"], result["final"]["accuracy"]) << engine;
  }
}

TEST_F(CommandsTest, EvaluateShiftsGiveAGridWhoseMiddleIsTheUnshiftedAccuracy) {
  const auto result = trained();
  const auto evaluation = event_of(evaluate({"--json", "--shifts", "1"}).out, "evaluation");
  const auto& grid = evaluation["shifts"]["accuracy"];
  ASSERT_EQ(grid.size(), 3u) << evaluation;
  EXPECT_EQ(grid[1][1], result["final"]["accuracy"]);
}

TEST_F(CommandsTest, EvaluateRefusesWhatItCannotDo) {
  trained();
  expect_error(evaluate({"--split", "val"}), 2, {"val"});
  expect_error(evaluate({"--shifts", "0"}), 2, {"--shifts", "'0'", "1 to 7"});
  expect_error(evaluate({"--split", "all"}), 2, {"--split", "'all'", "test|val|train"});
  expect_error(run({"evaluate"}), 2, {"--checkpoint"});
  expect_error(run({"evaluate", "--checkpoint", "nowhere"}), 5, {"nowhere"});
  expect_error(run({"--lr", "1", "evaluate", "--checkpoint", "run"}), 2, {"--lr", "evaluate"});
  expect_error(run({"evaluate", "--lr", "1", "--checkpoint", "run"}), 2, {"--lr"});
}

TEST_F(CommandsTest, PredictNamesEveryPictureAndGoesOnAfterABadOne) {
  trained();
  write_bytes(directory() / "bad.png", "\x89PNG\r\n\x1a\n cut");
  const std::string images = (dataset() / fmnist::kTestImages).string();
  const Outcome outcome =
      run({"predict", "--checkpoint", "run", "--json", "--quiet", "bad.png", images});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("bad.png"), std::string::npos) << outcome.err;
  EXPECT_EQ(events_of(outcome.out).size(), ProgramTest::kTestImages);
  EXPECT_EQ(events_of(outcome.out).front()["event"], "prediction");
}

TEST_F(CommandsTest, PredictReadsNamesFromStandardInput) {
  trained();
  Call names = call({"predict", "--checkpoint", "run", "--json", "--quiet", "-"});
  names.input = (dataset() / fmnist::kTestImages).string() + "\n";
  EXPECT_EQ(events_of(run_program(names).out).size(), ProgramTest::kTestImages);
}

TEST_F(CommandsTest, PredictWantsPictures) {
  expect_error(run({"predict", "--checkpoint", "run"}), 2, {"predict needs pictures"});
}

TEST_F(CommandsTest, VerifyResumeFindsEqualRuns) {
  for (const char* engine : {"fused", "torch"}) {
    const Outcome outcome = run({"verify-resume", "--data-dir", dataset().string(), "--engine",
                                 engine, "--batch-size", "8", "--threads", "1"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_NE(outcome.out.find("equal: weights and figures of every epoch"), std::string::npos);
    EXPECT_EQ(outcome.out.find("resumed 0x"), std::string::npos) << outcome.out;
    EXPECT_TRUE(names_in(directory()).empty());
  }
}

TEST_F(CommandsTest, EveryCommandHasItsHelp) {
  for (const char* command : {"evaluate", "predict", "report", "sweep", "verify-resume"}) {
    const Outcome outcome = run({command, "--help"});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_NE(outcome.out.find("--engine"), std::string::npos);
    for (const std::string& line : lines_of(outcome.out)) EXPECT_LE(line.size(), 80u) << line;
  }
}

}  // namespace
}  // namespace fmnist
