// Sweeps from outside: streams, files, exit statuses, kills.

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <random>
#include <sstream>

#include "cli/program.h"

namespace fmnist {
namespace {

namespace fs = std::filesystem;

using Arguments = std::vector<std::string>;

class SweepCommandTest : public ProgramTest {
 protected:
  /// Nineteen steps per epoch on 150 images, 50 validate.
  Call sweep_call(const std::string& output, const Arguments& more) const {
    Arguments all = {"sweep",    "--data-dir", dataset().string(), "--val-split", "50",
                     "--epochs", "2",          "--batch-size",     "8",           "--seeds",
                     "2",        "--json",     "--quiet"};
    if (!output.empty()) all.insert(all.end(), {"--output", output});
    all.insert(all.end(), more.begin(), more.end());
    return call(std::move(all));
  }
  Outcome sweep(const std::string& output, const Arguments& more) const {
    return run_program(sweep_call(output, more));
  }

  std::string results(const std::string& output) const {
    return content_of(directory() / output / "sweep.json") +
           content_of(directory() / output / "trials.csv");
  }

  void expect_same_results(const std::string& output, const std::string& undisturbed) const {
    EXPECT_EQ(results(output), results(undisturbed));
    EXPECT_EQ(names_in(directory() / output), names_in(directory() / undisturbed));
  }

  static std::vector<nlohmann::json> events_called(const std::string& out, const char* name) {
    std::vector<nlohmann::json> found;
    for (auto& event : events_of(out))
      if (event["event"] == name) found.push_back(event);
    return found;
  }
};

TEST_F(SweepCommandTest, ProgramsReadEventsAndFindTheResultInTheDirectory) {
  const Outcome outcome = sweep("out", {"--vary", "lr=0.01,0.05,0.1"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(events_of(outcome.out).front()["event"], "plan");
  EXPECT_EQ(event_of(outcome.out, "plan")["trials"], 6);
  EXPECT_EQ(events_called(outcome.out, "trial").size(), 6u);
  const auto result = event_of(outcome.out, "result");
  EXPECT_EQ(result["status"], "finished");
  ASSERT_EQ(result["ranking"].size(), 3u);
  EXPECT_EQ(result["winner"]["values"], result["ranking"][0]["values"]);
  EXPECT_TRUE(result["final"].is_null());
  EXPECT_EQ(names_in(directory() / "out"),
            (std::vector<std::string>{"sweep.json", "trials.csv", "trials.jsonl"}));
  const auto document = nlohmann::json::parse(content_of(directory() / "out/sweep.json"));
  EXPECT_EQ(document["ranking"], result["ranking"]);
  EXPECT_EQ(document["status"], "finished");
  EXPECT_EQ(events_of(content_of(directory() / "out/trials.jsonl")).size(), 6u);
  EXPECT_EQ(lines_of(content_of(directory() / "out/trials.csv")).size(), 7u);
  EXPECT_EQ(outcome.out.find("\"test\""), std::string::npos) << "a trial was tested";
}

TEST_F(SweepCommandTest, PlanPrintsAndRunsNothing) {
  const Outcome json = sweep("out", {"--vary", "lr=0.001..0.1:log:3", "--plan"});
  EXPECT_EQ(json.status, 0);
  EXPECT_EQ(event_of(json.out, "plan")["settings"][1]["lr"], 0.01);
  const Outcome text = run({"sweep", "--vary", "lr=0.01,0.02", "--seeds", "4", "--plan"});
  EXPECT_EQ(text.status, 0);
  EXPECT_EQ(lines_of(text.out).size(), 3u) << text.out;
  EXPECT_NE(text.out.find("2 settings x 4 seeds (0 to 3) = 8 trials"), std::string::npos);
  EXPECT_TRUE(names_in(directory()).empty());
}

TEST_F(SweepCommandTest, TheWinnerIsTestedOnlyAfterFinalAndAsItsCommandDoes) {
  const Outcome outcome =
      sweep("out", {"--vary", "lr=0.01,0.1", "--vary", "nesterov=true,false", "--final"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const auto result = event_of(outcome.out, "result");
  ASSERT_EQ(result["final"]["trials"].size(), 2u);
  std::istringstream words(result["retrain"].get<std::string>());
  std::string program;
  words >> program;
  EXPECT_EQ(program, "fmnist-train");
  Arguments retrain = {"--no-output", "--json", "--quiet"};
  for (std::string word; words >> word;) retrain.push_back(word);
  const auto run_alone = event_of(run(retrain).out, "result");
  EXPECT_EQ(run_alone["weights_sha256"], result["final"]["trials"][0]["weights_sha256"]);
  EXPECT_EQ(run_alone["final"], result["final"]["trials"][0]["test"]);
  EXPECT_EQ(names_in(directory() / "out/final"),
            (std::vector<std::string>{"seed-0.safetensors", "seed-1.safetensors"}));
}

TEST_F(SweepCommandTest, PeopleReadATableAndTheCommandThatTrainsTheBest) {
  Call people = sweep_call("out", {"--vary", "lr=0.01,0.1"});
  std::erase(people.arguments, "--json");
  std::erase(people.arguments, "--quiet");
  const Outcome outcome = run_program(people);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  for (const char* part : {"val accuracy", " ± ", "best", "fmnist-train --epochs 2 "})
    EXPECT_NE(outcome.out.find(part), std::string::npos) << part << " in " << outcome.out;
  for (const char* part : {"2 settings x 2 seeds", "[4/4] lr=", "val loss"})
    EXPECT_NE(outcome.err.find(part), std::string::npos) << part << " in " << outcome.err;
}

TEST_F(SweepCommandTest, AnyNumberOfJobsGivesTheSameResult) {
  for (const char* engine : {"fused", "torch"}) {
    const std::string name = engine;
    for (const char* jobs : {"1", "2", "3"}) {
      const Outcome outcome =
          sweep(name + jobs, {"--vary", "lr=0.01,0.05,0.1", "--engine", engine, "--jobs", jobs});
      EXPECT_EQ(outcome.status, 0) << outcome.err;
      expect_same_results(name + jobs, name + "1");
    }
  }
}

TEST_F(SweepCommandTest, KilledAtRandomInstantsAndResumedItEndsAsUndisturbed) {
  const Arguments all = {
      "--vary", "lr=0.01,0.03,0.05,0.1", "--halving", "2", "--final", "--momentum", "0.9", "--jobs",
      "2"};
  ASSERT_EQ(sweep("undisturbed", all).status, 0);
  std::mt19937 random(3);
  Arguments resumed = all;
  resumed.push_back("--resume");
  int killed = 0;
  const std::vector<int> signals = {SIGKILL, SIGINT, SIGKILL, SIGTERM, SIGKILL};
  for (const int signal : signals) {
    Call disturbed = sweep_call("out", resumed);
    disturbed.signal = signal;
    // Any output of this process will do: the instant is random then.
    disturbed.signal_at = random() % 2 == 0 ? "\"event\":\"plan\"" : "\"attempts\"";
    const Outcome outcome = run_program(disturbed);
    EXPECT_TRUE(outcome.status == 128 + signal || outcome.status == 0) << outcome.err;
    killed += outcome.status == 0 ? 0 : 1;
  }
  EXPECT_GE(killed, 1);
  EXPECT_EQ(sweep("out", resumed).status, 0);
  expect_same_results("out", "undisturbed");
}

TEST_F(SweepCommandTest, AnInterruptedSweepSaysHowToGoOn) {
  Call interrupted = sweep_call("", {"--vary", "lr=0.01,0.05,0.1", "--epochs", "20"});
  std::erase(interrupted.arguments, "--quiet");
  interrupted.signal = SIGINT;
  interrupted.signal_at = "\"event\":\"trial\"";
  const Outcome outcome = run_program(interrupted);
  ASSERT_EQ(outcome.status, 130) << outcome.err;
  EXPECT_EQ(event_of(outcome.out, "result")["status"], "interrupted");
  const std::string mark = "go on with: fmnist-train ";
  const std::size_t place = outcome.err.find(mark);
  ASSERT_NE(place, std::string::npos) << outcome.err;
  std::istringstream words(outcome.err.substr(place + mark.size()));
  Arguments command;
  for (std::string word; words >> word;) command.push_back(word);
  EXPECT_EQ(command.front(), "sweep");
  EXPECT_EQ(command.back(), "--resume");
  const Outcome resumed = run(command);
  EXPECT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_EQ(event_of(resumed.out, "result")["status"], "finished");
  EXPECT_LT(events_called(resumed.out, "trial").size(), 6u);
}

TEST_F(SweepCommandTest, AnotherPlanIsNotResumedAndNothingIsOverwritten) {
  ASSERT_EQ(sweep("out", {"--vary", "lr=0.01,0.1"}).status, 0);
  const std::string before = results("out");
  Call other = sweep_call("out", {"--vary", "lr=0.01,0.1", "--epochs", "3", "--resume"});
  std::erase(other.arguments, "--json");
  expect_error(run_program(other), 5, {"another sweep: epochs was 2 and is now 3", "--output"});
  Call again = sweep_call("out", {"--vary", "lr=0.01,0.1"});
  std::erase(again.arguments, "--json");
  expect_error(run_program(again), 5, {"already holds a sweep", "--resume", "--overwrite"});
  EXPECT_EQ(results("out"), before);
  EXPECT_EQ(sweep("out", {"--vary", "lr=0.2", "--overwrite"}).status, 0);
  EXPECT_NE(results("out"), before);
}

TEST_F(SweepCommandTest, DivergedTrialsAreResultsUnlessNothingIsLeftForTheFinalTraining) {
  const Outcome some = sweep("some", {"--vary", "lr=0.05,1e6"});
  EXPECT_EQ(some.status, 0) << some.err;
  const auto result = event_of(some.out, "result");
  EXPECT_EQ(result["ranking"][1]["status"], "diverged");
  EXPECT_EQ(result["winner"]["values"]["lr"], 0.05);
  const Outcome all = sweep("all", {"--vary", "lr=1e6"});
  EXPECT_EQ(all.status, 0) << all.err;
  EXPECT_TRUE(event_of(all.out, "result")["winner"].is_null());
  EXPECT_EQ(sweep("final", {"--vary", "lr=1e6", "--final"}).status, 6);
}

TEST_F(SweepCommandTest, WhatMakesNoSenseIsASentence) {
  expect_error(run({"sweep"}), 2, {"sweep needs --vary"});
  expect_error(run({"sweep", "--vary", "lrr=0.1"}), 2, {"'lrr'", "did you mean lr?"});
  expect_error(run({"sweep", "--vary", "seed=1,2"}), 2, {"seed", "--seeds N"});
  expect_error(run({"sweep", "--vary", "lr=0.1", "--val-split", "0"}), 2,
               {"never by the test set"});
  expect_error(run({"sweep", "--vary", "lr=0.1", "--seeds", "0"}), 2, {"--seeds", "1 to 1000"});
  expect_error(run({"sweep", "--vary", "lr=0.1", "--jobs", "x"}), 2, {"--jobs", "'x'"});
  expect_error(run({"sweep", "--vary", "lr=0.1", "--halving", "1"}), 2, {"--halving", "2 to 100"});
  expect_error(run({"sweep", "--vary", "lr=0.1", "--search", "best"}), 2, {"grid|random"});
  expect_error(run({"sweep", "--vary", "lr=0.1", "0.2"}), 2, {"'0.2'"});
  for (const char* option : {"--no-output", "--fail-under=80", "--max-time=1h"})
    expect_error(run({"sweep", "--vary", "lr=0.1", option}), 2, {"no meaning for sweep"});
  expect_error(run({"sweep", "--vary", "lr=0.1", "--resume"}), 2, {"--resume", "--output DIR"});
  expect_error(run({"sweep", "--vary", "lr=0.1", "--data-dir", dataset().string()}), 2,
               {"--val-split 5000 leaves nothing to train on"});
  EXPECT_TRUE(names_in(directory()).empty());
}

}  // namespace
}  // namespace fmnist
