#include <gtest/gtest.h>

#include "cli/program.h"
#include "support/idx_writer.h"

namespace fmnist {
namespace {

namespace fs = std::filesystem;

class ReportCommandTest : public ProgramTest {
 protected:
  Outcome train_into_run(std::vector<std::string> more = {}) const {
    more.insert(more.end(), {"--output", "run"});
    Outcome outcome = train(more);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome;
  }
  Outcome report(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"report", "run", "--threads", "1", "--quiet"});
    return run(more);
  }
  fs::path page() const { return directory() / "run" / "report.html"; }
};

void expect_page(const std::string& page, bool with_shifts) {
  EXPECT_TRUE(page.starts_with("<!DOCTYPE html>"));
  EXPECT_TRUE(page.ends_with("</html>\n"));
  EXPECT_LT(page.size(), 3'000'000u);
  EXPECT_NE(page.find("<section id=\"mistakes\">"), std::string::npos);
  EXPECT_EQ(page.find("<section id=\"shifts\">") != std::string::npos, with_shifts);
}

TEST_F(ReportCommandTest, ATrainingRunWritesOneWithoutShifts) {
  const Outcome outcome = train_into_run();
  expect_page(content_of(page()), /*with_shifts=*/false);
  EXPECT_NE(outcome.err.find("report in run/report.html"), std::string::npos) << outcome.err;
}

TEST_F(ReportCommandTest, AQuietRunWritesNone) {
  train_into_run({"--quiet"});
  EXPECT_FALSE(fs::exists(page()));
}

TEST_F(ReportCommandTest, TheCommandReplacesItByOneWithShifts) {
  train_into_run();
  const Outcome outcome = report();
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "report in run/report.html\n");
  expect_page(content_of(page()), /*with_shifts=*/true);
  EXPECT_EQ(
      names_in(directory() / "run"),
      (std::vector<std::string>{"config.toml", "last.safetensors", "metrics.csv",
                                "model.safetensors", "report.html", "result.json", "train.log"}));
}

TEST_F(ReportCommandTest, ShiftsNeedNotBe) {
  train_into_run({"--quiet"});
  EXPECT_EQ(report({"--shifts", "0"}).status, 0);
  expect_page(content_of(page()), /*with_shifts=*/false);
}

TEST_F(ReportCommandTest, WritesWhereItIsTold) {
  train_into_run({"--quiet"});
  EXPECT_EQ(report({"--output", "here.html", "--shifts", "1"}).status, 0);
  expect_page(content_of(directory() / "here.html"), /*with_shifts=*/true);
  const Outcome outcome = report({"--output", "-", "--shifts", "0"});
  expect_page(outcome.out, /*with_shifts=*/false);
  EXPECT_FALSE(fs::exists(page()));
  expect_error(report({"--output", "nowhere/page.html", "--shifts", "0"}), 1,
               {"nowhere/page.html"});
}

TEST_F(ReportCommandTest, SaysTheRunsOwnFigures) {
  for (const char* engine : {"fused", "torch"}) {
    const Outcome trained = train_into_run({"--engine", engine, "--overwrite", "--json"});
    const double accuracy = event_of(trained.out, "result")["final"]["accuracy"];
    std::array<char, 16> shown{};
    std::snprintf(shown.data(), shown.size(), ">%.2f%%<", 100 * accuracy);
    EXPECT_NE(content_of(page()).find(shown.data()), std::string::npos) << shown.data();
  }
}

TEST_F(ReportCommandTest, OfAValidationRunShowsTheBestWeightsBothTimes) {
  train_into_run({"--val-split", "40", "--epochs", "4", "--lr", "0.1"});
  const std::string after_run = content_of(page());
  EXPECT_EQ(report({"--shifts", "0"}).status, 0);
  EXPECT_EQ(content_of(page()), after_run);
  EXPECT_NE(after_run.find("Shown are the weights of epoch"), std::string::npos);
}

TEST_F(ReportCommandTest, OfARunWithoutEpochsIsAPage) {
  train_into_run({"--epochs", "0"});
  EXPECT_NE(content_of(page()).find("No epoch was finished"), std::string::npos);
}

TEST_F(ReportCommandTest, NamesOfDirectoriesAreEscaped) {
  const std::string name = "<i>&\"'\xff";
  Call naming = training({"--output", name});
  EXPECT_EQ(run_program(naming).status, 0);
  const std::string html = content_of(directory() / name / "report.html");
  EXPECT_EQ(html.find("<i>"), std::string::npos);
  EXPECT_NE(html.find("&lt;i&gt;&amp;&quot;&apos;"), std::string::npos);
}

TEST_F(ReportCommandTest, AReportThatCannotBeWrittenIsAWarning) {
  train_into_run({"--quiet"});
  fs::create_directory(page());  // in its place
  const Outcome outcome = train({"--output", "run", "--resume", "--epochs", "2"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("warning: there is no report of this run"), std::string::npos)
      << outcome.err;
}

TEST_F(ReportCommandTest, RefusesWhatItCannotDo) {
  expect_error(run({"report"}), 2, {"report needs a run directory"});
  expect_error(run({"report", "nowhere"}), 5, {"'nowhere'", "not there"});
  fs::create_directory(directory() / "run");
  expect_error(report(), 5, {"'run'", "holds no"});
  train_into_run({"--quiet", "--overwrite"});
  expect_error(run({"report", "run/model.safetensors"}), 5, {"no directory"});
  expect_error(report({"--shifts", "8"}), 2, {"--shifts", "'8'", "0 to 7"});
  expect_error(run({"report", "run", "--json"}), 2, {"--json"});
  expect_error(run({"report", "run", "--lr", "1"}), 2, {"--lr"});
  expect_error(report({"--data-dir", "nowhere"}), 3, {"nowhere"});
  write_bytes(directory() / "run" / "metrics.csv", "rubbish");
  expect_error(report(), 5, {"metrics.csv", "line 1"});
  write_bytes(directory() / "run" / "result.json", "{}");
  expect_error(report(), 5, {"result.json"});
}

}  // namespace
}  // namespace fmnist
