#include "fmnist/report/report_content.h"

#include <gtest/gtest.h>

#include "fmnist/run/results.h"
#include "fmnist/run/run_directory.h"
#include "report/pictures.h"
#include "report/sections.h"
#include "support/errors.h"
#include "support/idx_writer.h"
#include "support/temporary_directory.h"
#include "train/fake_engine.h"

namespace fmnist {
namespace {

/// A run directory and a test set that the fake engine always takes for class 1.
class ReportContentTest : public testing::Test {
 protected:
  ReportContentTest() {
    dataset_.test = learnable_split(60, 1);
    dataset_.info.directory = "data";
    dataset_.info.sha256 = "da7a";
  }
  ReportContent gather(std::optional<int> shifts = std::nullopt, TrainedModel model = {}) {
    return gather_report(directory_.path(), std::move(model), dataset_, engine_, shifts);
  }
  void put(const char* name, const std::string& bytes) const {
    write_bytes(directory_.path() / name, bytes);
  }
  std::string refusal() {
    return error_of(ErrorKind::kCheckpoint, [&] { gather(); });
  }

  Dataset dataset_;
  FakeEngine engine_;
  TemporaryDirectory directory_;
};

TEST_F(ReportContentTest, EvaluatesOnTheTestImages) {
  const ReportContent content = gather();
  EXPECT_EQ(content.evaluation.count, 60u);
  EXPECT_EQ(content.evaluation.correct, 6u);
  const nlohmann::json pictures = mistakes_section(content)["pictures"];
  ASSERT_EQ(pictures.size(), kMistakesInReport);
  for (const auto& picture : pictures) {
    const std::size_t index = picture["index"];
    EXPECT_EQ(picture["label"], kClassNames[dataset_.test.labels[index]]);
    EXPECT_EQ(picture["predicted"], kClassNames[1]);
    EXPECT_EQ(picture["png"], to_json(grey_picture(dataset_.test.image(index)))["png"]);
  }
}

TEST_F(ReportContentTest, ShowsTheFirstImageOfEachClassThatHasOne) {
  dataset_.test.labels.assign(60, 7);
  dataset_.test.labels[13] = 2;
  const nlohmann::json examples = examples_section(gather());
  ASSERT_EQ(examples.size(), 2u);
  EXPECT_EQ(examples[0]["input"], to_json(grey_picture(dataset_.test.image(13))));
  EXPECT_EQ(examples[0]["class"], kClassNames[2]);
  EXPECT_TRUE(examples[0]["answer"].get<std::string>().starts_with("taken for Trouser, "));
  EXPECT_EQ(examples[1]["input"], to_json(grey_picture(dataset_.test.image(0))));
}

TEST_F(ReportContentTest, AnEmptyDirectoryIsARunWithoutResult) {
  const ReportContent content = gather();
  EXPECT_FALSE(content.run);
  EXPECT_TRUE(content.epochs.empty());
}

TEST_F(ReportContentTest, ReadsTheResultAndTheMetrics) {
  RunFacts facts;
  facts.provenance.engine = {EngineChoice::kFused, "cpu", 2, "avx2"};
  facts.provenance.program_version = "3.1";
  RunResult result;
  result.status = RunStatus::kInterrupted;
  result.epochs = 5;
  result.seconds = 2.5;
  put(kResultFile, to_line(result_document(facts, result, std::nullopt)));
  put(kMetricsFile, metrics_csv_header() + "1,4,0.01,1.5,0.5,test,1.25,0.75,abc\n");
  const ReportContent content = gather();
  ASSERT_TRUE(content.run);
  EXPECT_EQ(content.run->status, RunStatus::kInterrupted);
  EXPECT_EQ(content.run->epochs, 5u);
  EXPECT_EQ(content.run->seconds, 2.5);
  EXPECT_EQ(content.run->provenance.engine.isa, "avx2");
  EXPECT_EQ(content.run->provenance.engine.threads, 2);
  EXPECT_EQ(content.run->provenance.program_version, "3.1");
  ASSERT_EQ(content.epochs.size(), 1u);
  EXPECT_EQ(content.epochs[0].evaluated.accuracy, 0.75);
}

TEST_F(ReportContentTest, NamesTheFileThatCannotBeRead) {
  put(kResultFile, "{\"status\": 3}");
  expect_parts(refusal(), {kResultFile, "not the result of a run"});
  put(kResultFile, "{");
  expect_parts(refusal(), {kResultFile});
  std::filesystem::remove(directory_.path() / kResultFile);
  put(kMetricsFile, "epoch\n1\n");
  expect_parts(refusal(), {kMetricsFile, "line 1"});
  std::filesystem::remove(directory_.path() / kMetricsFile);
  std::filesystem::create_directory(directory_.path() / kMetricsFile);
  expect_parts(refusal(), {kMetricsFile, "directory"});
}

TEST_F(ReportContentTest, NoticesThatTheModelIsOfOtherData) {
  const auto noticed = [&](const TrainedModel& model) {
    return report_data(gather({}, model))["other_data"] == true;
  };
  TrainedModel model;
  EXPECT_FALSE(noticed(model));
  model.provenance.emplace().data.sha256 = "da7a";
  EXPECT_FALSE(noticed(model));
  model.provenance->data.sha256 = "other";
  EXPECT_TRUE(noticed(model));
}

TEST_F(ReportContentTest, MovesTheImagesWhereAsked) {
  EXPECT_FALSE(gather().shifts);
  EXPECT_EQ(engine_.evaluations, 1);
  const ReportContent content = gather(2);
  ASSERT_TRUE(content.shifts);
  EXPECT_EQ(content.shifts->accuracy.size(), 25u);
}

}  // namespace
}  // namespace fmnist
