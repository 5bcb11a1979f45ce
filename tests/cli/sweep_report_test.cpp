// The page of a sweep, from outside.

#include <gtest/gtest.h>

#include <fstream>

#include "cli/program.h"

namespace fmnist {
namespace {

namespace fs = std::filesystem;

class SweepReportTest : public ProgramTest {
 protected:
  Outcome sweep(std::vector<std::string> more = {}) const {
    std::vector<std::string> all = {
        "sweep",   "--data-dir", dataset().string(), "--val-split", "50",       "--epochs", "1",
        "--seeds", "2",          "--vary",           "lr=0.01,0.1", "--output", "out"};
    all.insert(all.end(), more.begin(), more.end());
    const Outcome outcome = run(all);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome;
  }
  fs::path page() const { return directory() / "out/report.html"; }
};

TEST_F(SweepReportTest, ASweepWritesAPageAndTheCommandTheSameOne) {
  const Outcome outcome = sweep({"--final"});
  EXPECT_NE(outcome.err.find("report in out/report.html"), std::string::npos) << outcome.err;
  const std::string written = content_of(page());
  EXPECT_TRUE(written.starts_with("<!DOCTYPE html>"));
  EXPECT_TRUE(written.ends_with("</html>\n"));
  for (const char* id : {"accuracy", "ranking", "final", "retrain", "trials", "settings"})
    EXPECT_NE(written.find("<section id=\"" + std::string(id) + "\">"), std::string::npos) << id;
  fs::remove(page());
  const Outcome again = run({"report", "out", "--quiet"});
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(again.out, "report in out/report.html\n");
  EXPECT_EQ(content_of(page()), written);
  EXPECT_EQ(run({"report", "out", "--output", "-"}).out, written);
}

TEST_F(SweepReportTest, AQuietSweepWritesNoneAndAnotherSweepReplacesThePage) {
  sweep({"--quiet"});
  EXPECT_FALSE(fs::exists(page()));
  sweep({"--overwrite"});
  EXPECT_TRUE(fs::exists(page()));
  sweep({"--overwrite", "--quiet"});
  EXPECT_FALSE(fs::exists(page()));
}

TEST_F(SweepReportTest, APageThatCannotBeWrittenIsAWarning) {
  sweep({"--quiet"});
  fs::create_directory(page());  // in its place
  const Outcome outcome = sweep({"--resume"});
  EXPECT_NE(outcome.err.find("warning: there is no report of this sweep"), std::string::npos)
      << outcome.err;
}

TEST_F(SweepReportTest, RefusesASweepThatHasNotEndedAndWhatItDoesNotShow) {
  sweep({"--quiet"});
  expect_error(run({"report", "out", "--shifts", "2"}), 2, {"--shifts", "'out'", "a sweep"});
  auto document = nlohmann::json::parse(content_of(directory() / "out/sweep.json"));
  document["status"] = "running";
  std::ofstream(directory() / "out/sweep.json") << document;
  expect_error(run({"report", "out"}), 5, {"'out'", "has not ended", "--resume"});
  std::ofstream(directory() / "out/sweep.json") << "rubbish";
  expect_error(run({"report", "out"}), 5, {"sweep.json", "does not hold a sweep's result"});
  EXPECT_FALSE(fs::exists(page()));
}

}  // namespace
}  // namespace fmnist
