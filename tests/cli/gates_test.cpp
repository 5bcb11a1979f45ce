#include <gtest/gtest.h>
#include <signal.h>

#include "cli/program.h"

namespace fmnist {
namespace {

namespace fs = std::filesystem;

class GatesTest : public ProgramTest {};

TEST_F(GatesTest, AnAccuracyBelowTheGateIsStatus7) {
  const Outcome outcome = train({"--fail-under", "99.9", "--quiet", "--output", "run"});
  expect_error(outcome, 7, {"--fail-under 99.9", "accuracy"});
  EXPECT_EQ(lines_of(outcome.out).size(), 2u);
  EXPECT_TRUE(fs::exists(directory() / "run" / "model.safetensors"));
}

TEST_F(GatesTest, AnAccuracyAtTheGatePasses) {
  const auto result = event_of(train({"--json"}).out, "result");
  const double percent = 100.0 * result["final"]["accuracy"].get<double>();
  EXPECT_EQ(train({"--fail-under", std::to_string(percent)}).status, 0);
  EXPECT_EQ(train({"--fail-under", std::to_string(percent + 0.001)}).status, 7);
}

TEST_F(GatesTest, WithJsonAMissedGateIsAnErrorEvent) {
  const Outcome outcome = train({"--fail-under", "100", "--json", "--quiet"});
  EXPECT_EQ(outcome.status, 7);
  EXPECT_EQ(event_of(outcome.out, "result")["status"], "finished");
  EXPECT_EQ(event_of(outcome.out, "error")["code"], 7);
}

TEST_F(GatesTest, DivergenceIsStatus6AndNamesEpochStepAndLearningRate) {
  const Outcome outcome =
      train({"--lr", "1e6", "--epochs", "3", "--json", "--quiet", "--output", "run"});
  expect_error(outcome, 6, {"diverged", "epoch 1", "step ", "learning rate 1000000", "--lr"});
  const auto result = event_of(outcome.out, "result");
  EXPECT_EQ(result["status"], "diverged");
  EXPECT_TRUE(result["final"].is_null());
  EXPECT_EQ(event_of(outcome.out, "error")["code"], 6);
  const auto file = nlohmann::json::parse(content_of(directory() / "run" / "result.json"));
  EXPECT_EQ(file["status"], "diverged");
  EXPECT_EQ(file["checkpoint"], result["checkpoint"]);
}

TEST_F(GatesTest, ADivergedRunNamesNoModelThatDoesNotExist) {
  const Outcome outcome = train({"--lr", "1e6", "--json", "--quiet", "--output", "run"});
  EXPECT_FALSE(fs::exists(directory() / "run" / "model.safetensors"));
  EXPECT_TRUE(event_of(outcome.out, "result")["checkpoint"].is_null());
  EXPECT_EQ(train({"--lr", "1e6", "--output", "again"}).out.find("model in"), std::string::npos);
}

TEST_F(GatesTest, MaxTimeEndsTheRunInGoodOrder) {
  const Outcome outcome =
      train({"--epochs", "1000000", "--max-time", "0.5s", "--json", "--quiet", "--output", "run"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const auto result = event_of(outcome.out, "result");
  EXPECT_EQ(result["status"], "max_time");
  EXPECT_TRUE(result["final"].contains("accuracy"));
  EXPECT_EQ(nlohmann::json::parse(content_of(directory() / "run" / "result.json"))["status"],
            "max_time");
  EXPECT_TRUE(fs::exists(directory() / "run" / "model.safetensors"));
}

TEST_F(GatesTest, LimitBatchesShortensEveryEpoch) {
  const Outcome outcome = train({"--limit-batches", "2", "--epochs", "3", "--json"});
  EXPECT_EQ(event_of(outcome.out, "result")["step"], 6);
  const Outcome generous = train({"--limit-batches", "1000000000", "--json"});
  EXPECT_EQ(event_of(generous.out, "result")["step"], 4);
}

TEST_F(GatesTest, SignalsEndTheRunWithWholeFiles) {
  for (const auto& [signal, status] : {std::pair{SIGINT, 130}, std::pair{SIGTERM, 143}}) {
    Call call =
        training({"--epochs", "1000000", "--json", "--quiet", "--output", "run", "--overwrite"});
    call.signal = signal;
    call.signal_at = "\"event\":\"epoch\"";
    const Outcome outcome = run_program(call);
    EXPECT_EQ(outcome.status, status);
    EXPECT_FALSE(outcome.killed);
    EXPECT_EQ(outcome.err, "");
    EXPECT_EQ(event_of(outcome.out, "result")["status"], "interrupted");
    const fs::path run = directory() / "run";
    const auto file = nlohmann::json::parse(content_of(run / "result.json"));
    EXPECT_EQ(file["status"], "interrupted");
    EXPECT_EQ(file["checkpoint"], "run/model.safetensors");
    EXPECT_GT(fs::file_size(run / "model.safetensors"), 21840u * 4);
    for (const std::string& name : names_in(run)) EXPECT_FALSE(name.starts_with('.')) << name;
  }
}

TEST_F(GatesTest, ACudaDeviceThatIsHiddenGivesAWarningAndTheCpu) {
  Call call = training({"--device", "cuda", "--json"});
  call.environment = {{"CUDA_VISIBLE_DEVICES", ""}};
  const Outcome outcome = run_program(call);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const std::size_t warning = outcome.err.find("warning: --device cuda cannot be used: ");
  ASSERT_NE(warning, std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("CUDA_VISIBLE_DEVICES", warning), std::string::npos) << outcome.err;
  const auto device = event_of(outcome.out, "start")["device"];
  EXPECT_EQ(device["requested"], "cuda");
  EXPECT_EQ(device["used"], "cpu");
  EXPECT_NE(device["reason"], "");
}

TEST_F(GatesTest, ARequiredDeviceThatIsHiddenIsStatus4AndLeavesNoFile) {
  for (const char* device : {"cuda", "cuda:0", "cuda:7"}) {
    Call call = training({"--device", device, "--require-device", "--output", "run"});
    call.environment = {{"CUDA_VISIBLE_DEVICES", "-1"}};
    const Outcome outcome = run_program(call);
    expect_error(outcome, 4, {"--device " + std::string(device), "CUDA_VISIBLE_DEVICES"});
    EXPECT_EQ(outcome.out, "");
  }
  EXPECT_TRUE(names_in(directory()).empty());
}

TEST_F(GatesTest, TheCpuIsAlwaysThere) {
  EXPECT_EQ(train({"--device", "cpu", "--require-device"}).status, 0);
  EXPECT_EQ(train({"--device", "auto", "--require-device"}).status, 0);
}

}  // namespace
}  // namespace fmnist
