#include <gtest/gtest.h>

#include <algorithm>

#include "cli/program.h"

namespace fmnist {
namespace {

class TrainingTest : public ProgramTest {
 protected:
  nlohmann::json event(std::vector<std::string> arguments, const char* name) const {
    arguments.push_back("--json");
    const Outcome outcome = train(std::move(arguments));
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return event_of(outcome.out, name);
  }
  std::string sha(std::vector<std::string> arguments) const {
    return event(std::move(arguments), "result").value("weights_sha256", "");
  }
};

TEST_F(TrainingTest, TheSameSeedGivesTheSameWeightsAndAnotherSeedOthers) {
  const std::string first = sha({"--seed", "5"});
  EXPECT_EQ(first.size(), 64u);
  EXPECT_EQ(sha({"--seed", "5"}), first);
  EXPECT_NE(sha({"--seed", "6"}), first);
}

TEST_F(TrainingTest, WhatIsMerelyWatchedDoesNotChangeTheWeights) {
  const std::string first = sha({});
  EXPECT_EQ(sha({"--log-every", "1", "--verbose"}), first);
  EXPECT_EQ(sha({"--checkpoint-every", "1b", "--output", "run"}), first);
}

TEST_F(TrainingTest, EveryOptionOfTheRecipeChangesTheWeights) {
  const std::string plain = sha({"--epochs", "2"});
  for (const auto& change : std::vector<std::vector<std::string>>{{"--batch-size", "50"},
                                                                  {"--lr", "0.02"},
                                                                  {"--momentum", "0.6"},
                                                                  {"--nesterov"},
                                                                  {"--weight-decay", "0.1"},
                                                                  {"--lr-schedule", "linear"},
                                                                  {"--lr-schedule", "cosine"},
                                                                  {"--lr-schedule", "step"},
                                                                  {"--warmup-epochs", "0.5"},
                                                                  {"--dropout", "0"},
                                                                  {"--label-smoothing", "0.1"},
                                                                  {"--train-limit", "150"},
                                                                  {"--val-split", "10"}}) {
    std::vector<std::string> arguments = {"--epochs", "2"};
    arguments.insert(arguments.end(), change.begin(), change.end());
    EXPECT_NE(sha(arguments), plain) << change.front();
  }
}

TEST_F(TrainingTest, ItLearns) {
  const auto result = event({"--epochs", "30", "--lr", "0.05", "--momentum", "0.9"}, "result");
  EXPECT_GT(result["final"]["accuracy"], 0.9);
}

TEST_F(TrainingTest, AValidationSplitGivesValAndBest) {
  const Outcome outcome = train({"--val-split", "50", "--epochs", "3", "--json"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  double best_val = -1.0;
  nlohmann::json best_event;
  for (const auto& event : events_of(outcome.out)) {
    if (event["event"] != "epoch") continue;
    EXPECT_FALSE(event.contains("test")) << "the test set is looked at in " << event;
    ASSERT_TRUE(event.contains("val"));
    const double accuracy = event["val"]["accuracy"];
    if (accuracy > best_val) best_event = event;
    best_val = std::max(best_val, accuracy);
  }
  const auto result = event_of(outcome.out, "result");
  ASSERT_TRUE(result.contains("best"));
  EXPECT_EQ(result["best"]["epoch"], best_event["epoch"]);
  EXPECT_EQ(result["best"]["val"], best_event["val"]);
  EXPECT_TRUE(result["best"]["test"].contains("accuracy"));
  const Outcome people = train({"--val-split", "50", "--quiet"});
  EXPECT_TRUE(people.out.starts_with("[1] Val Loss: ")) << people.out;
}

TEST_F(TrainingTest, TheLastShortBatchIsKept) {
  EXPECT_EQ(event({"--batch-size", "64"}, "result")["step"], 4);  // 64 + 64 + 64 + 8
  EXPECT_EQ(event({"--batch-size", "199"}, "result")["step"], 2);
  EXPECT_EQ(event({"--batch-size", "200"}, "result")["step"], 1);
}

TEST_F(TrainingTest, ABatchLargerThanTheDataIsTheWholeData) {
  EXPECT_EQ(sha({"--batch-size", "60000"}), sha({"--batch-size", "200"}));
}

TEST_F(TrainingTest, TrainLimitTakesTheFirstImages) {
  EXPECT_EQ(event({"--train-limit", "65"}, "result")["step"], 2);
  EXPECT_EQ(event({"--train-limit", "1"}, "result")["step"], 1);
  EXPECT_EQ(sha({"--train-limit", "60000"}), sha({}));
}

TEST_F(TrainingTest, TheLearningRateOfAnEventIsThatOfItsLastStep) {
  EXPECT_EQ(event({"--lr", "0.5"}, "epoch")["lr"], 0.5);
  EXPECT_NEAR(event({"--lr", "0.5", "--lr-schedule", "linear"}, "epoch")["lr"].get<double>(),
              0.5 / 4, 1e-12);
}

TEST_F(TrainingTest, ThreadsAreThoseAskedFor) {
  EXPECT_EQ(event({"--threads", "2"}, "start")["engine"]["threads"], 2);
}

}  // namespace
}  // namespace fmnist
