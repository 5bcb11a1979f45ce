// What a sweep shows on a terminal while it goes on.

#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

#include "cli/program.h"
#include "cli/screen.h"

namespace fmnist {
namespace {

constexpr std::string_view kTable = "best so far";

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// The rows that were drawn, of tables and bars: they erase what stood there.
std::vector<std::string> drawn_rows(const std::string& bytes) {
  std::vector<std::string> rows;
  for (std::size_t end = bytes.find("\x1b["); end != std::string::npos;
       end = bytes.find("\x1b[", end + 1)) {
    const std::size_t begin = bytes.find_last_of("\r\n", end) + 1;
    const char what = bytes[end + 2];
    if (what == 'K' || what == 'J') rows.push_back(bytes.substr(begin, end - begin));
  }
  return rows;
}

class SweepBarTest : public ProgramTest {
 protected:
  static constexpr int kTrials = 8;

  Call on_terminal(const std::vector<std::string>& more = {}, int columns = 80) const {
    std::vector<std::string> all = {
        "sweep",    "--data-dir", dataset().string(),      "--val-split", "50",
        "--epochs", "12",         "--batch-size",          "8",           "--seeds",
        "2",        "--vary",     "lr=0.01,0.02,0.05,0.1", "--jobs",      "2",
        "--output", "out"};
    all.insert(all.end(), more.begin(), more.end());
    Call sweep = call(all);
    sweep.environment = {{"TERM", "xterm"}, {"NO_COLOR", "1"}};
    sweep.terminal = Terminal{.columns = columns};
    return sweep;
  }
};

TEST_F(SweepBarTest, ATableOfTheBestSettingsOverABarIsGoneAtTheEnd) {
  const Outcome outcome = run_program(on_terminal({"--final"}));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_TRUE(holds(outcome.err, kTable));
  const std::regex bar("Sweep \\d/8 trials  \\[#*\\.*\\] +\\d+%  ETA \\d+:\\d\\d");
  const std::regex row(" +\\d+\\.\\d\\d% +[12]/2  lr=0\\.\\d+");
  const auto rows = drawn_rows(outcome.err);
  const auto matches = [&](const std::regex& format) {
    return std::any_of(rows.begin(), rows.end(),
                       [&](const std::string& text) { return std::regex_match(text, format); });
  };
  EXPECT_TRUE(matches(bar));
  EXPECT_TRUE(matches(row));

  Screen screen(80);
  screen.feed(outcome.err);
  for (const char* part : {"best so far", "Sweep ", "Final training", "ETA"})
    EXPECT_FALSE(holds(screen.text(), part)) << screen.text();
  EXPECT_TRUE(screen.is_left_clean());
  // The lines of the trials stand there whole, one below the other.
  const std::regex trial(
      "\\[\\d/8\\] lr=0\\.\\d+ seed [01]: val loss \\d+\\.\\d{4}, accuracy "
      "\\d+\\.\\d\\d% \\(\\d+\\.\\d s\\)");
  const auto lines = lines_of(screen.text());
  EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                          [&](const std::string& line) { return std::regex_match(line, trial); }),
            kTrials)
      << screen.text();
  EXPECT_EQ(lines.back(), "report in out/report.html");
}

TEST_F(SweepBarTest, NoRowIsWiderThanTheTerminal) {
  for (const int columns : {1, 2, 12, 30}) {
    const Outcome outcome = run_program(on_terminal({"--overwrite"}, columns));
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    const auto rows = drawn_rows(outcome.err);
    EXPECT_FALSE(rows.empty());
    for (const std::string& row : rows)
      EXPECT_LT(row.size(), static_cast<std::size_t>(columns)) << row;
    Screen screen(static_cast<std::size_t>(columns));
    screen.feed(outcome.err);
    EXPECT_TRUE(holds(screen.text(), "report in out/report.html")) << screen.text();
    EXPECT_TRUE(screen.is_left_clean()) << columns;
  }
}

TEST_F(SweepBarTest, CtrlCLeavesTheScreenClean) {
  Call call = on_terminal({"--epochs", "100000", "--halving", "2"});
  call.terminal->watch = [stopped = false](const std::string& seen, TerminalUser& user) mutable {
    if (stopped || seen.find("ETA") == std::string::npos) return;
    stopped = true;
    user.type("\x03");
  };
  const Outcome outcome = run_program(call);
  EXPECT_EQ(outcome.status, 130);
  Screen screen(80);
  screen.feed(outcome.err);
  EXPECT_TRUE(lines_of(screen.text()).back().starts_with("stopped by SIGINT with 0/8 trials"))
      << screen.text();
  EXPECT_TRUE(screen.is_left_clean());
}

TEST_F(SweepBarTest, NothingIsDrawnWhereNobodyLooksOrNobodyWants) {
  Call redirected = on_terminal({"--progress", "bar"});
  redirected.terminal.reset();
  Call dumb = on_terminal({"--progress", "bar", "--overwrite"});
  dumb.environment["TERM"] = "dumb";
  for (const Call& call : {redirected, dumb, on_terminal({"--progress", "lines", "--overwrite"}),
                           on_terminal({"--progress", "none", "--overwrite"})}) {
    const Outcome outcome = run_program(call);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_FALSE(holds(outcome.err, "\x1b")) << outcome.err;
    EXPECT_TRUE(holds(outcome.err, "[8/8] lr=")) << outcome.err;
  }
  EXPECT_EQ(run_program(on_terminal({"--quiet", "--overwrite"})).err, "");
}

TEST_F(SweepBarTest, AResumedSweepKnowsWhatWasDone) {
  Call first = on_terminal({"--epochs", "12"});
  first.terminal->watch = [stopped = false](const std::string& seen, TerminalUser& user) mutable {
    if (stopped || seen.find("[3/8]") == std::string::npos) return;
    stopped = true;
    user.type("\x03");
  };
  ASSERT_EQ(run_program(first).status, 130);
  const Outcome outcome = run_program(on_terminal({"--epochs", "12", "--resume"}));
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const std::string begin = outcome.err.substr(0, outcome.err.find("/8] lr="));
  EXPECT_TRUE(holds(begin, kTable)) << begin;
  EXPECT_FALSE(holds(begin, "Sweep 0/8")) << begin;
}

}  // namespace
}  // namespace fmnist
