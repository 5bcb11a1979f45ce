#include "fmnist/sweep/sweep_json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "fmnist/core/files.h"
#include "support/errors.h"
#include "support/temporary_directory.h"

namespace fmnist {
namespace {

Plan plan_of(std::vector<std::string> vary, int epochs = 3) {
  Config base;
  base.val_split = 10;
  base.epochs = epochs;
  PlanRequest request;
  request.vary = std::move(vary);
  return make_plan(request, base);
}

Provenance provenance_of(const char* isa = "avx2") {
  Provenance provenance;
  provenance.engine = {EngineChoice::kFused, "cpu", 1, isa};
  provenance.data.sha256 = "abc";
  return provenance;
}

TEST(SweepJsonTest, ThePlanEventHoldsTheOptionsOfEveryTrialAsTyped) {
  Config base;
  base.val_split = 10;
  base.seed = 7;
  base.batch_size = 32;
  base.threads = 1;
  base.data_dir = "my data";
  base.json = true;  // a wish for this call alone
  PlanRequest request;
  request.vary = {"lr=1e-5,1e6", "lr_schedule=cosine", "batch-size=64"};
  const auto event = plan_event(make_plan(request, base));
  EXPECT_EQ(event["event"], "plan");
  EXPECT_EQ(event["typed"]["base"].dump(),
            R"({"seed":"7","data-dir":"my data","val-split":"10","threads":"1"})");
  EXPECT_EQ(event["typed"]["settings"].dump(),
            R"([{"lr":"1e-05","lr-schedule":"cosine","batch-size":"64"},)"
            R"({"lr":"1000000","lr-schedule":"cosine","batch-size":"64"}])");
  Config read;
  for (const char* part : {"base", "settings"}) {
    const auto& texts = event["typed"][part];
    for (const auto& [name, text] : (texts.is_array() ? texts[1] : texts).items())
      find_option(name)->set(read, text.get<std::string>());
  }
  Config expected = base;
  expected.learning_rate = 1e6;
  expected.lr_schedule = LrSchedule::kCosine;
  expected.batch_size = 64;
  EXPECT_EQ(to_toml(read), to_toml(expected));
}

TEST(SweepJsonTest, ARecordComesBackFromItsEvent) {
  const Plan plan = plan_of({"lr=0.1,0.2"});
  TrialRecord record;
  record.trial = {.stage = Stage::kSearch, .setting = 1, .seed = 1, .until = 3};
  record.epochs = 3;
  record.figures = Metrics{0.1 + 0.2, 1.0 / 3.0};
  record.weights_sha256 = "f00";
  record.seconds = 1.5;
  record.attempts = 2;
  const nlohmann::json event = trial_event(plan, record);
  EXPECT_EQ(event["event"], "trial");
  EXPECT_EQ(event["trial"], 4);
  EXPECT_EQ(event["seed"], 1);
  EXPECT_EQ(event["values"]["lr"], 0.2);
  const TrialRecord back = record_of(nlohmann::json::parse(event.dump()), Stage::kSearch);
  EXPECT_EQ(back.trial.seed, 1u);
  EXPECT_EQ(back.status, TrialStatus::kFinished);
  EXPECT_EQ(back.figures, record.figures);
  EXPECT_EQ(back.weights_sha256, "f00");
  EXPECT_EQ(back.attempts, 2);
}

TEST(SweepJsonTest, ALossThatIsNotFiniteIsNullAndComesBackAsNone) {
  TrialRecord record;
  record.figures = Metrics{std::numeric_limits<double>::infinity(), 0.1};
  const auto text = trial_event(plan_of({"lr=0.1"}), record).dump();
  EXPECT_TRUE(std::isnan(record_of(nlohmann::json::parse(text), Stage::kSearch).figures->loss));
}

TEST(SweepJsonTest, APausedTrialIsARungAndAFailedOneSaysWhy) {
  TrialRecord record;
  record.status = TrialStatus::kPaused;
  EXPECT_EQ(trial_event(plan_of({"lr=0.1"}), record)["event"], "rung");
  record.status = TrialStatus::kFailed;
  record.message = "why";
  EXPECT_EQ(trial_event(plan_of({"lr=0.1"}), record)["message"], "why");
}

TEST(SweepJsonTest, AFinalTrainingTellsOfTheTestSet) {
  TrialRecord record;
  record.trial = {.stage = Stage::kFinal, .setting = 1, .seed = 2, .until = 3};
  record.figures = Metrics{0.5, 0.25};
  const nlohmann::json event = trial_event(plan_of({"lr=0.1,0.2"}), record);
  EXPECT_EQ(event["event"], "final");
  EXPECT_EQ(event["trial"], 2);
  EXPECT_EQ(event["test"]["accuracy"], 0.25);
  EXPECT_FALSE(event.contains("val"));
  EXPECT_EQ(record_of(event, Stage::kFinal).figures, record.figures);
}

TEST(SweepJsonTest, OnlyTheSameSweepGoesOn) {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "sweep.json";
  const auto document = sweep_document(plan_of({"lr=0.1,0.2"}), provenance_of());
  write_file_atomically(file, document.dump());
  const auto difference = [&](const nlohmann::ordered_json& other) {
    return error_of(ErrorKind::kCheckpoint, [&] { check_same_sweep(file, other); });
  };
  check_same_sweep(file, document);
  check_same_sweep(file, sweep_document(plan_of({"lr=1e-1,2e-1"}), provenance_of()));
  Provenance moved = provenance_of();
  moved.engine.threads = 8;
  moved.data.directory = "elsewhere";
  check_same_sweep(file, sweep_document(plan_of({"lr=0.1,0.2"}), moved));
  expect_parts(difference(sweep_document(plan_of({"lr=0.1,0.2"}, 5), provenance_of())),
               {"another sweep: epochs was 3 and is now 5"});
  expect_parts(difference(sweep_document(plan_of({"lr=0.1,0.3"}), provenance_of())),
               {"what varies", "0.1,0.2", "0.1,0.3"});
  expect_parts(difference(sweep_document(plan_of({"lr=0.1,0.2"}), provenance_of("avx512"))),
               {"isa", "avx2", "avx512"});
  Provenance provenance = provenance_of();
  provenance.data = {"elsewhere", "def", false};
  expect_parts(difference(sweep_document(plan_of({"lr=0.1,0.2"}), provenance)), {"abc", "def"});
  write_file_atomically(file, "[]");
  expect_parts(difference(document), {"does not hold a sweep"});
  write_file_atomically(file, "{\"settings\":");
  expect_parts(difference(document), {"does not hold a sweep"});
}

}  // namespace
}  // namespace fmnist
