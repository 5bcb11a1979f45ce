// A run that was stopped anywhere and resumed is the run that was never stopped: the same
// metrics.csv, byte for byte, the same figures, the same tensors.

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <random>

#include "cli/program.h"
#include "fmnist/core/files.h"
#include "fmnist/run/checkpoint.h"
#include "fmnist/run/run_directory.h"
#include "support/idx_writer.h"

namespace fmnist {
namespace {

namespace fs = std::filesystem;

using Arguments = std::vector<std::string>;

/// All by which two runs could differ, but not their times.
struct Traces {
  std::string metrics;
  std::string figures;
  Parameters model;
  std::optional<TrainState> state;

  bool operator==(const Traces&) const = default;
};

class ResumeTest : public ProgramTest, public ::testing::WithParamInterface<const char*> {
 protected:
  /// Twenty-five steps per epoch, few enough for a run to take a moment.
  Arguments recipe(const Arguments& more) const {
    Arguments all = {"--engine", GetParam(), "--batch-size",       "8",
                     "--lr",     "0.05",     "--epochs",           "3",
                     "--json",   "--quiet",  "--checkpoint-every", "3b"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  Outcome start(const std::string& output, const Arguments& more = {}) const {
    Arguments all = recipe(more);
    all.insert(all.end(), {"--output", output});
    return train(all);
  }

  /// A run that gets `signal` when its output tells of step `step`.
  Outcome interrupt(const std::string& output, int signal, int step,
                    const Arguments& more = {}) const {
    Arguments all = recipe(more);
    all.insert(all.end(), {"--output", output});
    Call disturbed = training(all);
    disturbed.signal = signal;
    disturbed.signal_at = "\"step\":" + std::to_string(step);
    return run_program(disturbed);
  }

  Outcome resume(const std::string& output, const Arguments& more = {}) const {
    Arguments all = {"--output", output, "--resume", "--quiet"};
    all.insert(all.end(), more.begin(), more.end());
    return run(all);
  }

  Traces traces(const std::string& output) const {
    const fs::path run = directory() / output;
    Traces traces;
    traces.metrics = content_of(run / kMetricsFile);
    const auto result = nlohmann::json::parse(content_of(run / kResultFile));
    for (const char* key : {"status", "epochs", "step", "final", "best", "weights_sha256"})
      traces.figures += result.value(key, nlohmann::json()).dump() + "\n";
    traces.model = load_model(run / kModelFile).parameters;
    traces.state = load_saved_run(run / kStateFile).position.state;
    return traces;
  }

  void expect_same_end(const std::string& output, const std::string& undisturbed) const {
    const Traces found = traces(output);
    const Traces expected = traces(undisturbed);
    EXPECT_EQ(found.metrics, expected.metrics);
    EXPECT_EQ(found.figures, expected.figures);
    EXPECT_TRUE(found == expected) << "tensors differ";
    for (const std::string& name : names_in(directory() / output))
      EXPECT_FALSE(name.starts_with('.')) << name;
  }

  /// Stops runs of `more` at random steps by each signal, resumes them, and compares.
  void expect_exact(const Arguments& more) const {
    ASSERT_EQ(start("undisturbed", more).status, 0);
    std::mt19937 random(7);
    int number = 0;
    for (const int signal : {SIGINT, SIGKILL, SIGTERM}) {
      const int step = 3 * static_cast<int>(1 + random() % 22);
      const std::string output = "run" + std::to_string(++number);
      SCOPED_TRACE("signal " + std::to_string(signal) + " at step " + std::to_string(step));
      EXPECT_EQ(interrupt(output, signal, step, more).status, 128 + signal);
      const Outcome outcome = resume(output);
      EXPECT_EQ(outcome.status, 0) << outcome.err;
      expect_same_end(output, "undisturbed");
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Engines, ResumeTest, ::testing::Values("fused", "torch"),
                         [](const auto& engine) { return std::string(engine.param); });

TEST_P(ResumeTest, ARunStoppedAnywhereEndsAsIfItHadNotBeen) { expect_exact({}); }

TEST_P(ResumeTest, SoDoesOneWithAScheduleMomentumAndAValidationSplit) {
  expect_exact({"--val-split", "50", "--lr-schedule", "cosine", "--warmup-epochs", "0.5",
                "--momentum", "0.9", "--nesterov", "--epochs", "4"});
}

TEST_P(ResumeTest, ARunMayBeStoppedManyTimes) {
  ASSERT_EQ(start("undisturbed").status, 0);
  EXPECT_EQ(interrupt("run", SIGKILL, 6).status, 137);
  for (const int step : {15, 30, 48, 63}) {
    Call again = call({"--output", "run", "--resume", "--json", "--quiet"});
    again.signal = SIGKILL;
    again.signal_at = "\"step\":" + std::to_string(step);
    EXPECT_EQ(run_program(again).status, 137);
  }
  EXPECT_EQ(resume("run").status, 0);
  expect_same_end("run", "undisturbed");
}

TEST_P(ResumeTest, MaxTimeStopsLikeASignalButWell) {
  ASSERT_EQ(start("undisturbed").status, 0);
  const Outcome stopped = start("run", {"--max-time", "0.000001"});
  EXPECT_EQ(stopped.status, 0);
  const auto result = event_of(stopped.out, "result");
  EXPECT_EQ(result["status"], "max_time");
  EXPECT_EQ(result["step"], 1);
  EXPECT_EQ(resume("run").status, 0);
  expect_same_end("run", "undisturbed");
}

TEST_P(ResumeTest, EpochsMayGrowAndGiveTheLongerRun) {
  ASSERT_EQ(start("undisturbed", {"--epochs", "4"}).status, 0);
  ASSERT_EQ(start("run", {"--epochs", "2"}).status, 0);
  const Outcome outcome = resume("run", {"--epochs", "4"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  expect_same_end("run", "undisturbed");
}

TEST_P(ResumeTest, ResumingAFinishedRunChangesNothing) {
  ASSERT_EQ(start("run", {"--val-split", "50"}).status, 0);
  const Traces before = traces("run");
  EXPECT_EQ(resume("run").status, 0);
  EXPECT_TRUE(traces("run") == before);
}

TEST_P(ResumeTest, WithoutItsMomentumARunEndsElsewhere) {
  ASSERT_EQ(start("undisturbed").status, 0);
  EXPECT_EQ(interrupt("run", SIGINT, 30).status, 130);
  const fs::path file = directory() / "run" / kStateFile;
  SavedRun saved = load_saved_run(file);
  // The same file written anew is as good.
  write_file_atomically(file, encode_state(saved.position, saved.config, saved.provenance));
  fs::copy(directory() / "run", directory() / "control");
  EXPECT_EQ(resume("run").status, 0);
  expect_same_end("run", "undisturbed");
  saved.position.state.momentum = {};
  write_file_atomically(directory() / "control" / kStateFile,
                        encode_state(saved.position, saved.config, saved.provenance));
  EXPECT_EQ(resume("control").status, 0);
  EXPECT_NE(traces("control").metrics, traces("undisturbed").metrics);
  EXPECT_NE(traces("control").model, traces("undisturbed").model);
}

/// What does not depend on the engine.
class ResumeOnceTest : public ResumeTest {};

INSTANTIATE_TEST_SUITE_P(Engines, ResumeOnceTest, ::testing::Values("fused"));

TEST_P(ResumeOnceTest, AStateMayGoOnInAnotherDirectory) {
  ASSERT_EQ(start("undisturbed").status, 0);
  EXPECT_EQ(interrupt("run", SIGTERM, 39).status, 143);
  const std::string before = content_of(directory() / "run" / kStateFile);
  const Outcome outcome = run({"--resume", "run/last.safetensors", "--output", "new", "--quiet"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  expect_same_end("new", "undisturbed");
  EXPECT_EQ(content_of(directory() / "run" / kStateFile), before);
  expect_error(run({"--resume", "run", "--output", "new", "--quiet"}), 5, {"already holds a run"});
}

TEST_P(ResumeOnceTest, TheFusedEngineMayTakeOtherThreads) {
  ASSERT_EQ(start("undisturbed").status, 0);
  EXPECT_EQ(interrupt("run", SIGINT, 12).status, 130);
  EXPECT_EQ(resume("run", {"--threads", "3"}).status, 0);
  expect_same_end("run", "undisturbed");
}

TEST_P(ResumeOnceTest, TheTorchEngineMayNot) {
  ASSERT_EQ(start("run", {"--engine", "torch", "--epochs", "1"}).status, 0);
  const Outcome outcome = resume("run", {"--threads", "3"});
  EXPECT_EQ(outcome.status, 5);
  EXPECT_NE(outcome.err.find("threads"), std::string::npos) << outcome.err;
}

TEST_P(ResumeOnceTest, TheCommandThatIsPrintedWorksInAShell) {
  const std::string output = "it's a \"run\" $HOME";
  ASSERT_EQ(start("undisturbed").status, 0);
  Arguments all = {"--engine", "fused", "--batch-size", "8", "--lr", "0.05", "--epochs", "3"};
  all.insert(all.end(), {"--json", "--checkpoint-every", "3b", "--output", output});
  Call disturbed = training(all);
  disturbed.signal = SIGINT;
  disturbed.signal_at = "\"step\":21";
  const Outcome stopped = run_program(disturbed);
  EXPECT_EQ(stopped.status, 130);
  const std::string lead = "stopped by SIGINT; go on with: ";
  const std::string last = lines_of(stopped.err).back();
  ASSERT_TRUE(last.starts_with(lead)) << last;
  const fs::path script = directory() / "script";
  write_bytes(script, "cd '" + directory().string() + "' && PATH='" +
                          fs::path(FMNIST_PROGRAM).parent_path().string() + "':$PATH && " +
                          last.substr(lead.size()) + " >out 2>err\n");
  EXPECT_EQ(std::system(("sh '" + script.string() + "'").c_str()), 0)
      << content_of(directory() / "err");
  expect_same_end(output, "undisturbed");
}

TEST_P(ResumeOnceTest, ASignalToCheckpointDoesNotStopTheRun) {
  // States are kept by epochs; the one of the signal comes in between.
  const Outcome outcome =
      interrupt("run", SIGUSR1, 25, {"--checkpoint-every", "1000", "--epochs", "60"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  std::size_t states = 0;
  for (const auto& event : events_of(outcome.out)) states += event["event"] == "checkpoint";
  EXPECT_EQ(states, 2u);  // and the last
}

TEST_P(ResumeOnceTest, NothingToResumeIsAnError) {
  expect_error(resume("missing"), 5, {"'missing'", "there is no state of a run"});
  EXPECT_FALSE(fs::exists(directory() / "missing"));
  fs::create_directory(directory() / "empty");
  expect_error(resume("empty"), 5, {"'empty'", "there is no state of a run"});
  expect_error(run({"--resume", "nowhere.safetensors"}), 5, {"'nowhere.safetensors'"});
  expect_error(run({"--resume"}), 2, {"--resume", "--output"});
}

TEST_P(ResumeOnceTest, ResumingExcludesOverwriting) {
  ASSERT_EQ(start("run", {"--epochs", "1"}).status, 0);
  const std::string before = content_of(directory() / "run" / kStateFile);
  expect_error(resume("run", {"--overwrite"}), 2, {"--resume", "--overwrite"});
  EXPECT_EQ(content_of(directory() / "run" / kStateFile), before);
}

TEST_P(ResumeOnceTest, OtherSettingsAreShownInATableAndRefused) {
  ASSERT_EQ(start("run").status, 0);
  const std::string before = content_of(directory() / "run" / kStateFile);
  const Outcome outcome = resume("run", {"--lr", "0.25", "--seed", "9", "--epochs", "2"});
  EXPECT_EQ(outcome.status, 5);
  const auto lines = lines_of(outcome.err);
  const auto has = [&](const std::vector<std::string>& words) {
    return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
      std::size_t place = 0;
      return std::all_of(words.begin(), words.end(), [&](const std::string& word) {
        place = line.find(word, place);
        return place != std::string::npos;
      });
    });
  };
  EXPECT_TRUE(has({"setting", "saved", "given", "used"})) << outcome.err;
  EXPECT_TRUE(has({"epochs", "3", "2", "3"})) << outcome.err;
  EXPECT_TRUE(has({"lr", "0.05", "0.25", "0.05"})) << outcome.err;
  EXPECT_TRUE(has({"seed", "0", "9", "0"})) << outcome.err;
  EXPECT_TRUE(has({"cannot resume from 'run/last.safetensors' with other settings"}));
  EXPECT_EQ(content_of(directory() / "run" / kStateFile), before);
}

TEST_P(ResumeOnceTest, OtherSettingsAreRefusedBeforeDataAreRead) {
  ASSERT_EQ(start("run").status, 0);
  EXPECT_EQ(resume("run", {"--data-dir", "nowhere"}).status, 3);
  EXPECT_EQ(resume("run", {"--data-dir", "nowhere", "--lr", "0.25"}).status, 5);
}

TEST_P(ResumeOnceTest, LostMetricsAreAWarning) {
  ASSERT_EQ(start("run", {"--epochs", "2"}).status, 0);
  fs::remove(directory() / "run" / kMetricsFile);
  const Outcome outcome = run({"--output", "run", "--resume", "--epochs", "3"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_NE(outcome.err.find("warning: 'run/metrics.csv' is missing or lacks some of the 2 "),
            std::string::npos)
      << outcome.err;
}

TEST_P(ResumeOnceTest, OtherDataAreRefused) {
  ASSERT_EQ(start("run").status, 0);
  write_dataset(directory() / "other", kTrainImages, kTestImages, /*seed=*/1);
  expect_error(resume("run", {"--data-dir", "other"}), 5,
               {"trained on data of SHA-256", "'other'"});
}

TEST_P(ResumeOnceTest, ADamagedStateIsAnErrorAndStays) {
  ASSERT_EQ(start("run").status, 0);
  const fs::path file = directory() / "run" / kStateFile;
  const std::string whole = content_of(file);
  std::string flipped = whole;
  flipped[whole.size() / 2] = static_cast<char>(flipped[whole.size() / 2] ^ 0x10);
  for (const std::string& damaged : {std::string(), whole.substr(0, 7),
                                     whole.substr(0, whole.size() / 2), whole + "x", flipped}) {
    write_bytes(file, damaged);
    expect_error(resume("run"), 5, {"'run/last.safetensors'"});
    EXPECT_EQ(content_of(file), damaged);
  }
}

TEST_P(ResumeOnceTest, TwoProgramsCannotWriteToOneDirectory) {
  ASSERT_EQ(start("run").status, 0);
  const Traces before = traces("run");
  {
    const OutputDirectory ours(directory() / "run", Claim::kResume, {kRunFiles});
    const std::vector<std::string> parts = {"another program is writing", "'run'"};
    expect_error(resume("run"), 5, parts);
    expect_error(train({"--output", "run", "--overwrite"}), 5, parts);
  }
  EXPECT_TRUE(traces("run") == before);
  EXPECT_EQ(resume("run").status, 0);
}

}  // namespace
}  // namespace fmnist
