#include "fmnist/run/results.h"

#include <gtest/gtest.h>

#include <limits>

#include "support/errors.h"

namespace fmnist {
namespace {

RunFacts facts() {
  RunFacts facts;
  facts.provenance = {.program_version = "1.2.3",
                      .libtorch_version = "2.15.0",
                      .engine = {EngineChoice::kTorch, "cpu", 2, "avx2"},
                      .data = {"/data", "abc", false}};
  facts.device = {"cuda", "cpu", "there is no driver", "install one", true};
  facts.config.output = "runs/one";
  return facts;
}

TEST(ResultsTest, StartEventHasTheContractsKeys) {
  const auto json = start_event(facts());
  EXPECT_EQ(json["schema"], "fmnist-train/1");
  EXPECT_EQ(json["event"], "start");
  EXPECT_EQ(json["version"], "1.2.3");
  EXPECT_EQ(json["config"]["batch_size"], 64);
  EXPECT_EQ(json["device"].dump(),
            R"({"requested":"cuda","used":"cpu","reason":"there is no driver"})");
  EXPECT_EQ(json["engine"].dump(), R"({"name":"torch","device":"cpu","threads":2,"isa":"avx2"})");
  EXPECT_EQ(json["data"].dump(), R"({"dir":"/data","sha256":"abc","verified":false})");
  EXPECT_EQ(json["parameters"], 21840);
  EXPECT_EQ(json["output"], "runs/one");
}

TEST(ResultsTest, ResultEventOfAnInterruptedRunHasNoFinalFigures) {
  RunResult result;
  result.status = RunStatus::kInterrupted;
  const auto json = result_event(result, std::nullopt);
  EXPECT_EQ(json["status"], "interrupted");
  EXPECT_TRUE(json["final"].is_null());
  EXPECT_TRUE(json["checkpoint"].is_null());
  EXPECT_FALSE(json.contains("best"));
}

TEST(ResultsTest, BestStandsInTheResultOfARunWithValidation) {
  RunResult result;
  result.final = Metrics{0.25, 0.875};
  result.best = BestEpoch{2, {0.5, 0.9}, {0.6, 0.8}, {}};
  const auto json = result_event(result, "model.safetensors");
  EXPECT_EQ(json["best"]["epoch"], 2);
  EXPECT_EQ(json["best"]["test"]["accuracy"], 0.8);
  EXPECT_EQ(json["best"]["weights_sha256"], fingerprint({}));
  EXPECT_EQ(json["checkpoint"], "model.safetensors");
}

TEST(ResultsTest, ErrorEventCarriesTheExitStatus) {
  EXPECT_EQ(error_event(ErrorKind::kData, "no data", "get some").dump(),
            R"({"schema":"fmnist-train/1","event":"error","code":3,"kind":"data",)"
            R"("message":"no data","hint":"get some"})");
}

TEST(ResultsTest, ResultDocumentIsStartAndResultInOneObject) {
  const auto json = result_document(facts(), RunResult{}, std::nullopt);
  EXPECT_EQ(json["event"], "result");
  EXPECT_EQ(json["status"], "finished");
  EXPECT_EQ(json["engine"]["name"], "torch");
}

TEST(ResultsTest, AResultIsReadBack) {
  RunResult result;
  result.status = RunStatus::kMaxTime;
  result.epochs = 3;
  result.seconds = 1.5;
  auto json = result_document(facts(), result, std::nullopt);
  RunSummary summary = parse_result(json.dump(), "file");
  EXPECT_EQ(summary.status, RunStatus::kMaxTime);
  EXPECT_EQ(summary.epochs, 3u);
  EXPECT_EQ(summary.seconds, 1.5);
  EXPECT_EQ(summary.provenance, facts().provenance);
  json["engine"].erase("device");  // as it was before
  EXPECT_EQ(parse_result(json.dump(), "file").provenance, facts().provenance);
}

TEST(ResultsTest, WhatIsNoResultIsRefused) {
  auto json = result_document(facts(), RunResult{}, std::nullopt);
  json["status"] = "fine";
  for (const std::string& text :
       {json.dump(), std::string("{"), std::string("[]"), start_event(facts()).dump()})
    expect_parts(error_of(ErrorKind::kCheckpoint, [&] { parse_result(text, "a file"); }),
                 {"'a file'", "not the result of a run"});
}

}  // namespace
}  // namespace fmnist
