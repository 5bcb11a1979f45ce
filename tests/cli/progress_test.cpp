#include <gtest/gtest.h>

#include <chrono>
#include <regex>

#include "cli/program.h"
#include "cli/screen.h"

namespace fmnist {
namespace {

constexpr std::string_view kErase = "\x1b[J";

/// One drawing of a bar: its text, and where it begins in the terminal's bytes.
struct Drawing {
  std::string text;
  std::size_t begin;
};

/// Drawings lie between two carriage returns and erase the rest of the row.
std::vector<Drawing> drawings_in(const std::string& bytes) {
  std::vector<Drawing> drawings;
  for (std::size_t begin = bytes.find('\r'); begin != std::string::npos;) {
    const std::size_t end = bytes.find('\r', begin + 1);
    if (end == std::string::npos) break;
    const std::string part = bytes.substr(begin + 1, end - begin - 1);
    if (part.size() > kErase.size() && part.ends_with(kErase))
      drawings.push_back({part.substr(0, part.size() - kErase.size()), begin});
    begin = end;
  }
  return drawings;
}

/// The text without the lines that a bar stands for.
std::string without_training_lines(const std::string& log) {
  std::string rest;
  for (const std::string& line : lines_of(log))
    if (!line.starts_with("Train Epoch")) rest += line + "\n";
  return rest;
}

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

class ProgressTest : public ProgramTest {
 protected:
  /// A training run with standard error on a terminal.
  Call on_terminal(std::vector<std::string> arguments, int columns = 80) const {
    Call call = training(std::move(arguments));
    call.environment = {{"TERM", "xterm"}, {"NO_COLOR", "1"}};
    call.terminal = Terminal{.columns = columns};
    return call;
  }
};

TEST_F(ProgressTest, TheBarIsGoneAtTheEndAndLeavesTheLog) {
  const std::string expected = without_training_lines(train({"--epochs", "30"}).err);
  for (const int columns : {1, 2, 7, 20, 30, 80, 200}) {
    const Outcome outcome = run_program(on_terminal({"--epochs", "30"}, columns));
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    const auto drawings = drawings_in(outcome.err);
    EXPECT_EQ(drawings.empty(), columns == 1);
    for (const Drawing& drawing : drawings)
      EXPECT_LT(drawing.text.size(), static_cast<std::size_t>(columns)) << drawing.text;
    Screen screen(static_cast<std::size_t>(columns));
    screen.feed(outcome.err);
    EXPECT_EQ(screen.text(), expected) << columns;
    EXPECT_TRUE(screen.is_left_clean()) << columns;
  }
}

TEST_F(ProgressTest, ResultsOnTheSameTerminalStandAboveTheBar) {
  Call call = on_terminal({"--epochs", "30"});
  call.terminal->shows_output = true;
  const Outcome outcome = run_program(call);
  EXPECT_FALSE(drawings_in(outcome.err).empty());
  Screen screen(80);
  screen.feed(outcome.err);
  std::vector<std::string> lines = lines_of(screen.text());
  ASSERT_GT(lines.size(), 31u) << screen.text();
  EXPECT_TRUE(lines.back().starts_with("finished after 30 epochs")) << lines.back();
  for (std::size_t epoch = 1; epoch <= 30; ++epoch) {
    const std::string& line = lines[lines.size() - 32 + epoch];
    const std::regex format("\\[" + std::to_string(epoch) +
                            "\\] Test Loss: \\d\\.\\d{4}, Accuracy: \\d+\\.\\d\\d%");
    EXPECT_TRUE(std::regex_match(line, format)) << line;
  }
  EXPECT_FALSE(holds(screen.text(), "Epoch 1/30")) << screen.text();
  EXPECT_TRUE(screen.is_left_clean());
}

TEST_F(ProgressTest, WarningsStandAboveTheBar) {
  // Something in the way of the state's temporary file: every epoch warns.
  std::filesystem::create_directories(directory() / "run" / ".last.safetensors.tmp");
  Call call = on_terminal({"--output", "run", "--epochs", "1000000"}, 200);
  bool stopped = false;
  call.terminal->watch = [&](const std::string& seen, TerminalUser& user) {
    const std::size_t full_bar = seen.find("images/s");
    if (stopped || full_bar == std::string::npos) return;
    stopped = seen.find("warning: ", full_bar) != std::string::npos;
    if (stopped) user.type("\x03");
  };
  const Outcome outcome = run_program(call);
  EXPECT_EQ(outcome.status, 1);
  EXPECT_TRUE(stopped);
  Screen screen(200);
  screen.feed(outcome.err);
  for (const char* part : {"Epoch ", "images/s"})
    EXPECT_FALSE(holds(screen.text(), part)) << screen.text();
  EXPECT_TRUE(screen.is_left_clean());
}

TEST_F(ProgressTest, TheBarFollowsTheWidthOfTheTerminalAndCtrlCLeavesACleanRow) {
  Call call = on_terminal({"--epochs", "1000000", "--log-every", "2"}, 100);
  const auto is_narrow = [](const Drawing& drawing) { return drawing.text.size() < 40; };
  bool narrowed = false;
  bool stopped = false;
  call.terminal->watch = [&](const std::string& seen, TerminalUser& user) {
    const auto drawings = drawings_in(seen);
    if (!narrowed && !drawings.empty() && holds(drawings.back().text, "images/s")) {
      user.resize(40);
      narrowed = true;
    } else if (!stopped && narrowed && is_narrow(drawings.back())) {
      user.type("\x03");
      stopped = true;
    }
  };
  const Outcome outcome = run_program(call);
  EXPECT_EQ(outcome.status, 130);
  const auto drawings = drawings_in(outcome.err);
  const auto first_narrow = std::find_if(drawings.begin(), drawings.end(), is_narrow);
  ASSERT_NE(first_narrow, drawings.end());
  EXPECT_TRUE(std::all_of(first_narrow, drawings.end(), is_narrow));
  const Drawing& last_wide = *(first_narrow - 1);
  EXPECT_GT(last_wide.text.size(), 90u) << last_wide.text;
  for (const char* part : {"Epoch ", "/1000000", "ETA ", "loss ", "acc ", "images/s"})
    EXPECT_TRUE(holds(last_wide.text, part)) << last_wide.text;

  Screen screen(100);
  screen.feed(outcome.err.substr(0, first_narrow->begin));
  screen.make_narrower(40);
  screen.feed(outcome.err.substr(first_narrow->begin));
  const auto lines = lines_of(screen.text());
  EXPECT_EQ(lines.back(), "stopped by SIGINT; nothing was kept (--no-output)");
  EXPECT_TRUE(lines[lines.size() - 2].starts_with("training on 200 images")) << screen.text();
  EXPECT_TRUE(screen.is_left_clean());
}

TEST_F(ProgressTest, TheBarIsDrawnTenTimesASecondAtMost) {
  const auto start = std::chrono::steady_clock::now();
  const Outcome outcome = run_program(on_terminal({"--epochs", "300"}));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  const auto drawings = static_cast<double>(drawings_in(outcome.err).size());
  EXPECT_GE(drawings, 1.0);
  EXPECT_LE(drawings, 1.0 + 10.0 * seconds.count());
}

TEST_F(ProgressTest, TerminalsThatCannotRedrawGetLines) {
  const std::vector<std::map<std::string, std::string>> environments = {
      {{"TERM", "dumb"}}, {}, {{"TERM", "xterm"}, {"NO_COLOR", "1"}, {"CI", "true"}}};
  for (const auto& environment : environments) {
    Call call = on_terminal({"--log-every", "1"});
    call.environment = environment;
    if (environment.empty()) call.environment = {{"NO_COLOR", "1"}};
    const Outcome outcome = run_program(call);
    EXPECT_FALSE(holds(outcome.err, "\x1b")) << outcome.err;
    EXPECT_TRUE(holds(outcome.err, "Train Epoch: 1 [64/200 (32%)]\tLoss:")) << outcome.err;
  }
}

TEST_F(ProgressTest, ABarAskedForIsShownInCiButNotWhereItCannotBeRedrawn) {
  Call call = on_terminal({"--progress", "bar"});
  call.environment["CI"] = "true";
  EXPECT_FALSE(drawings_in(run_program(call).err).empty());
  call.environment["TERM"] = "dumb";
  EXPECT_FALSE(holds(run_program(call).err, "\x1b"));
}

TEST_F(ProgressTest, LinesAndNoneDrawNoBarOnATerminal) {
  const std::string lines = run_program(on_terminal({"--progress", "lines"})).err;
  EXPECT_FALSE(holds(lines, "\x1b"));
  EXPECT_TRUE(holds(lines, "Train Epoch: 1 [200/200 (100%)]\tLoss:")) << lines;
  const std::string none = run_program(on_terminal({"--progress", "none"})).err;
  EXPECT_FALSE(holds(none, "\x1b"));
  EXPECT_FALSE(holds(none, "Train Epoch")) << none;
  EXPECT_TRUE(holds(none, "training on 200 images")) << none;
}

TEST_F(ProgressTest, QuietLeavesTheTerminalAlone) {
  EXPECT_EQ(run_program(on_terminal({"--quiet", "--progress", "bar"})).err, "");
}

TEST_F(ProgressTest, NoEscapeEverReachesAFileOrAPipe) {
  Call call = training({"--progress", "bar", "--output", "run", "--log-file", "more.log"});
  call.environment = {{"TERM", "xterm"}};
  const Outcome piped = run_program(call);
  EXPECT_TRUE(holds(piped.err, "Train Epoch: 1 [200/200 (100%)]\tLoss:")) << piped.err;
  call.environment["CLICOLOR_FORCE"] = "1";  // colour, but no bar
  EXPECT_FALSE(drawings_in(run_program(call).err).size() > 0);

  Call shown = on_terminal({"--output", "shown", "--log-file", "shown.log"});
  shown.environment["CLICOLOR_FORCE"] = "1";
  const Outcome bar = run_program(shown);
  EXPECT_FALSE(drawings_in(bar.err).empty());
  const std::string files[] = {piped.out,
                               piped.err,
                               bar.out,
                               content_of(directory() / "more.log"),
                               content_of(directory() / "run" / "train.log"),
                               content_of(directory() / "shown.log"),
                               content_of(directory() / "shown" / "train.log")};
  for (const std::string& text : files) {
    EXPECT_FALSE(holds(text, "\x1b")) << text;
    EXPECT_FALSE(holds(text, "\r")) << text;
  }
}

TEST_F(ProgressTest, TheLogFileHasTheTrainingLinesHoweverTheTerminalShowsThem) {
  for (const std::string style : {"bar", "lines", "none"}) {
    run_program(on_terminal({"--progress", style, "--output", style}));
    const std::string log = content_of(directory() / style / "train.log");
    EXPECT_TRUE(holds(log, "Train Epoch: 1 [200/200 (100%)]\tLoss:")) << style << ": " << log;
  }
}

TEST_F(ProgressTest, TheBarChangesNoResult) {
  const std::vector<std::string> arguments = {"--json", "--epochs", "40", "--log-every", "3"};
  const Outcome with_bar = run_program(on_terminal(arguments));
  EXPECT_FALSE(drawings_in(with_bar.err).empty());
  const auto shown = events_of(with_bar.out);
  const auto piped = events_of(train(arguments).out);
  ASSERT_EQ(shown.size(), piped.size());
  ASSERT_GT(shown.size(), 40u);
  for (std::size_t event = 1; event < shown.size(); ++event) {
    EXPECT_EQ(shown[event]["weights_sha256"], piped[event]["weights_sha256"]) << event;
    for (const char* figures : {"train", "test", "final"})
      EXPECT_EQ(shown[event].value(figures, nlohmann::json()),
                piped[event].value(figures, nlohmann::json()));
  }
}

TEST_F(ProgressTest, ARunWithoutStepsDrawsNoBar) {
  EXPECT_TRUE(drawings_in(run_program(on_terminal({"--epochs", "0"})).err).empty());
}

TEST_F(ProgressTest, EvaluatingShiftsHasABarToo) {
  EXPECT_EQ(train({"--output", "run"}).status, 0);
  Call call = this->call({"evaluate", "--checkpoint", "run", "--data-dir", dataset(), "--threads",
                          "1", "--shifts", "2"});
  const Outcome piped = run_program(call);
  call.environment = {{"TERM", "xterm"}, {"NO_COLOR", "1"}};
  call.terminal = Terminal{};
  const Outcome shown = run_program(call);
  EXPECT_EQ(shown.out, piped.out);
  const auto drawings = drawings_in(shown.err);
  ASSERT_FALSE(drawings.empty());
  EXPECT_TRUE(drawings.front().text.starts_with("Shift 1/25  [")) << drawings.front().text;
  Screen screen(80);
  screen.feed(shown.err);
  EXPECT_EQ(screen.text(), piped.err);
  EXPECT_TRUE(screen.is_left_clean());
  call.arguments.insert(call.arguments.end(), {"--progress", "none"});
  EXPECT_FALSE(holds(run_program(call).err, "\x1b"));
}

}  // namespace
}  // namespace fmnist
