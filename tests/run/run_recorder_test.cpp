#include "fmnist/run/run_recorder.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <set>
#include <thread>

#include "fmnist/core/files.h"
#include "fmnist/core/options.h"
#include "fmnist/run/checkpoint.h"
#include "fmnist/run/epoch_records.h"
#include "fmnist/run/run_directory.h"
#include "support/child_process.h"
#include "support/errors.h"
#include "support/temporary_directory.h"

namespace fmnist {
namespace {

namespace fs = std::filesystem;

EpochFinished epoch(std::uint64_t number) {
  return {number, number * 10, 0.01, {}, false, {}, {}, 1.0, "feed"};
}

RunPosition position(std::uint64_t epochs, float weight) {
  RunPosition position;
  position.epochs = epochs;
  position.state.step = 10 * epochs;
  position.state.parameters.values[0] = weight;
  position.state.momentum.values[1] = 0.5f;
  return position;
}

RunResult result(RunStatus status = RunStatus::kFinished) {
  RunResult result;
  result.status = status;
  result.epochs = 2;
  result.step = 20;
  result.parameters.values[0] = 5.0f;
  return result;
}

class RunRecorderTest : public testing::Test {
 protected:
  RunRecorderTest() { fs::create_directory(directory()); }

  fs::path directory() const { return temporary_.path() / "run"; }
  std::string content(const char* file) const {
    return read_file(directory() / file, ErrorKind::kRuntime);
  }
  std::set<std::string> names() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory()))
      names.insert(entry.path().filename().string());
    return names;
  }
  RunFacts facts() const {
    RunFacts facts;
    facts.config.epochs = 2;
    facts.config.device = {DeviceRequest::Kind::kCpu, std::nullopt};
    facts.config.output = directory();
    facts.provenance.engine = {EngineChoice::kFused, "cpu", 3, "avx2"};
    facts.provenance.data.sha256 = "abc";
    return facts;
  }
  /// One that notes what it tells.
  RunRecorder recorder(const std::string& metrics = "") {
    return RunRecorder(
        facts(), metrics, [&](const Error& error) { failures_.push_back(error.what()); },
        [&](const nlohmann::ordered_json& saved) {
          saved_.push_back(fs::path(saved.at("path").get<std::string>()).filename().string() + " " +
                           saved.at("epoch").dump() + " " + saved.at("step").dump());
        });
  }
  /// Makes every write of `file` fail, for root too: its temporary file's name is taken.
  void obstruct(const std::string& file) const {
    fs::create_directories(directory() / ("." + file + ".tmp"));
  }
  /// Makes the next write of `file` a stuck one: its temporary file is a pipe that is full long
  /// before the bytes of a state are through.
  void make_stuck(const std::string& file) const {
    ASSERT_EQ(::mkfifo((directory() / ("." + file + ".tmp")).c_str(), 0600), 0);
  }
  /// Returns when the stuck write of `file` has begun; closing the descriptor makes it fail.
  int wait_until_stuck(const std::string& file) const {
    return ::open((directory() / ("." + file + ".tmp")).c_str(), O_RDONLY | O_CLOEXEC);
  }
  void clear(const std::string& file) const { fs::remove(directory() / ("." + file + ".tmp")); }

  std::vector<std::string> saved_;
  std::vector<std::string> failures_;

 private:
  TemporaryDirectory temporary_;
};

TEST_F(RunRecorderTest, AFinishedRunHasItsFilesAndNoOther) {
  RunRecorder run = recorder();
  EXPECT_EQ(names(), std::set<std::string>{kConfigFile});
  run.on_epoch(epoch(1));
  run.on_position(position(1, 4.0f));
  run.on_epoch(epoch(2));
  run.on_position(position(2, 5.0f));
  run.on_finish(result());
  EXPECT_EQ(names(), (std::set<std::string>{kConfigFile, kMetricsFile, kModelFile, kResultFile,
                                            kStateFile}));
  EXPECT_EQ(content(kConfigFile), to_toml(facts().config));
  EXPECT_EQ(content(kMetricsFile),
            metrics_csv_header() + metrics_csv_row(epoch(1)) + metrics_csv_row(epoch(2)));
  EXPECT_EQ(content(kStateFile),
            encode_state(position(2, 5.0f), facts().config, facts().provenance));
  EXPECT_EQ(content(kModelFile), encode_model(result(), facts().config, facts().provenance));
  const auto written = nlohmann::json::parse(content(kResultFile));
  EXPECT_EQ(written["status"], "finished");
  EXPECT_EQ(written["checkpoint"], (directory() / kModelFile).string());
  EXPECT_EQ(saved_, (std::vector<std::string>{"last.safetensors 1 10", "last.safetensors 2 20"}));
  EXPECT_TRUE(failures_.empty());
}

TEST_F(RunRecorderTest, TheModelIsTheBestByValidationWhereThereIsOne) {
  RunRecorder run = recorder();
  RunResult finished = result();
  finished.best = BestEpoch{.epoch = 1, .val = {}, .test = {}, .parameters = {}};
  finished.best->parameters.values[3] = 7.0f;
  run.on_finish(finished);
  const TrainedModel model = load_model(directory() / kModelFile);
  EXPECT_EQ(model.parameters, finished.best->parameters);
  EXPECT_EQ(model.epoch, 1u);
}

TEST_F(RunRecorderTest, ADivergedRunShipsNoModel) {
  RunRecorder run = recorder();
  run.on_finish(result(RunStatus::kDiverged));
  EXPECT_EQ(names(), (std::set<std::string>{kConfigFile, kResultFile}));
  const auto written = nlohmann::json::parse(content(kResultFile));
  EXPECT_EQ(written["status"], "diverged");
  EXPECT_TRUE(written["checkpoint"].is_null());
}

TEST_F(RunRecorderTest, AResumedRunContinuesItsMetrics) {
  write_file_atomically(directory() / kMetricsFile, "of epochs that will be trained again");
  const std::string before = metrics_csv_header() + metrics_csv_row(epoch(1));
  RunRecorder run = recorder(before);
  EXPECT_EQ(content(kMetricsFile), before);
  run.on_epoch(epoch(2));
  run.flush();
  EXPECT_EQ(content(kMetricsFile), before + metrics_csv_row(epoch(2)));
}

TEST_F(RunRecorderTest, AFailureIsToldAndTheRunGoesOn) {
  RunRecorder run = recorder();
  run.on_position(position(1, 1.0f));
  run.flush();
  const std::string good = content(kStateFile);
  obstruct(kStateFile);
  run.on_position(position(2, 2.0f));
  run.flush();
  ASSERT_EQ(failures_.size(), 1u);
  expect_parts(failures_[0], {"cannot write", kStateFile});
  EXPECT_EQ(content(kStateFile), good);
  EXPECT_EQ(saved_.size(), 1u);  // a state that is not there is not told of
  clear(kStateFile);
  run.on_position(position(3, 3.0f));
  run.on_finish(result());
  EXPECT_EQ(saved_.back(), "last.safetensors 3 30");
}

TEST_F(RunRecorderTest, AFailureThatLastsEndsTheRunAtItsEnd) {
  RunRecorder run = recorder();
  obstruct(kStateFile);
  run.on_position(position(2, 2.0f));
  run.on_epoch(epoch(2));  // the success of another file does not make up for it
  expect_parts(error_of(ErrorKind::kRuntime, [&] { run.on_finish(result()); }),
               {"cannot write", kStateFile});
  EXPECT_FALSE(names().contains(kResultFile));
}

TEST_F(RunRecorderTest, MetricsThatCouldNotBeWrittenAreWrittenBeforeTheNextState) {
  RunRecorder run = recorder();
  obstruct(kMetricsFile);
  run.on_epoch(epoch(1));
  run.flush();
  EXPECT_EQ(failures_.size(), 1u);
  clear(kMetricsFile);
  run.on_position(position(1, 1.0f));
  run.flush();
  EXPECT_EQ(content(kMetricsFile), metrics_csv_header() + metrics_csv_row(epoch(1)));
  run.on_finish(result());
}

TEST_F(RunRecorderTest, AStateIsKeptThoughNobodyListensAnyMore) {
  {
    const auto closed = [](const auto&) { throw std::runtime_error("closed"); };
    RunRecorder run(
        facts(), "", [](const Error&) {}, closed);
    run.on_position(position(1, 1.0f));
    EXPECT_THROW(run.on_position(position(2, 2.0f)), std::runtime_error);
  }
  EXPECT_EQ(load_saved_run(directory()).position.epochs, 2u);
}

TEST_F(RunRecorderTest, MetricsThatCannotBeWrittenEndTheRunAtItsEnd) {
  RunRecorder run = recorder();
  obstruct(kMetricsFile);
  run.on_epoch(epoch(1));
  run.on_position(position(1, 1.0f));
  expect_parts(error_of(ErrorKind::kRuntime, [&] { run.on_finish(result()); }),
               {"cannot write", kMetricsFile});
}

TEST_F(RunRecorderTest, ADivergenceIsNotHiddenByAFailure) {
  RunRecorder run = recorder();
  obstruct(kStateFile);
  run.on_position(position(1, 1.0f));
  run.on_finish(result(RunStatus::kDiverged));
  EXPECT_EQ(failures_.size(), 1u);
  EXPECT_EQ(nlohmann::json::parse(content(kResultFile))["status"], "diverged");
  obstruct(kResultFile);
  run.on_finish(result(RunStatus::kDiverged));
  ASSERT_EQ(failures_.size(), 2u);
  expect_parts(failures_[1], {"cannot write", kResultFile});
}

TEST_F(RunRecorderTest, EveryCallTellsWhatCameOfEarlierWrites) {
  const std::vector<std::function<void(RunRecorder&)>> calls = {
      [](RunRecorder& run) { run.on_start({}); },
      [](RunRecorder& run) { run.on_progress({}); },
      [](RunRecorder& run) { run.on_epoch(epoch(2)); },
      [](RunRecorder& run) { run.on_position(position(2, 2.0f)); },
  };
  for (const auto& call : calls) {
    saved_.clear();
    fs::remove(directory() / kStateFile);
    RunRecorder run = recorder();
    run.on_position(position(1, 1.0f));
    EXPECT_TRUE(saved_.empty());  // not told by the writing thread
    // Told at the first call after the file was written, which the test can only wait for.
    while (saved_.empty()) {
      std::this_thread::yield();
      call(run);
    }
    EXPECT_TRUE(saved_.front().starts_with("last.safetensors ")) << saved_.front();
  }
}

TEST_F(RunRecorderTest, TrainingGoesOnWhileAStateIsBeingWritten) {
  RunRecorder run = recorder();
  make_stuck(kStateFile);
  run.on_position(position(1, 1.0f));
  const int pipe = wait_until_stuck(kStateFile);
  // All of the next epoch, up to the next state.
  for (std::uint64_t step = 11; step <= 20; ++step) run.on_step({2, step, step});
  run.on_progress({});
  run.on_epoch(epoch(2));
  run.on_step({3, 21, 64});
  EXPECT_TRUE(saved_.empty());
  EXPECT_TRUE(failures_.empty());
  ::close(pipe);  // the state cannot be written
  run.on_position(position(2, 2.0f));
  run.on_finish(result());
  EXPECT_EQ(failures_.size(), 1u);
  EXPECT_EQ(saved_, std::vector<std::string>{"last.safetensors 2 20"});
  EXPECT_EQ(content(kMetricsFile), metrics_csv_header() + metrics_csv_row(epoch(2)));
}

TEST_F(RunRecorderTest, TheMetricsOfAnEpochWithoutAStateAreWrittenAtTheNextStep) {
  RunRecorder run = recorder();
  run.on_epoch(epoch(1));
  EXPECT_FALSE(names().contains(kMetricsFile));
  run.on_step({2, 11, 64});
  while (!names().contains(kMetricsFile)) std::this_thread::yield();
  EXPECT_EQ(content(kMetricsFile), metrics_csv_header() + metrics_csv_row(epoch(1)));
}

TEST_F(RunRecorderTest, ItsEndWritesTheMetricsThatWait) {
  {
    RunRecorder run = recorder();
    run.on_epoch(epoch(1));
  }
  EXPECT_EQ(content(kMetricsFile), metrics_csv_header() + metrics_csv_row(epoch(1)));
}

TEST_F(RunRecorderTest, AModelOrResultThatCannotBeWrittenIsAnError) {
  for (const char* file : {kModelFile, kResultFile}) {
    RunRecorder run = recorder();
    obstruct(file);
    expect_parts(error_of(ErrorKind::kRuntime, [&] { run.on_finish(result()); }),
                 {"cannot write", file});
    clear(file);
  }
}

TEST_F(RunRecorderTest, ADirectoryThatCannotBeWrittenIsAnErrorAtOnce) {
  obstruct(kConfigFile);
  expect_parts(error_of(ErrorKind::kRuntime, [&] { recorder(); }), {"cannot write", kConfigFile});
}

TEST_F(RunRecorderTest, ADirectoryRemovedUnderTheRunIsFilledAgain) {
  RunRecorder run = recorder();
  run.on_epoch(epoch(1));
  run.on_epoch(epoch(2));
  run.flush();
  fs::remove_all(directory());
  run.on_position(position(2, 5.0f));
  run.on_finish(result());
  EXPECT_EQ(names(), (std::set<std::string>{kConfigFile, kMetricsFile, kModelFile, kResultFile,
                                            kStateFile}));
  EXPECT_EQ(load_saved_run(directory()).position.epochs, 2u);
  EXPECT_EQ(load_saved_run(directory()).metrics,
            metrics_csv_header() + metrics_csv_row(epoch(1)) + metrics_csv_row(epoch(2)));
  EXPECT_TRUE(failures_.empty());
}

TEST_F(RunRecorderTest, ALimitOnFileSizesLeavesTheLastGoodStateAndNoTemporaryFile) {
  const std::string sentence = error_in_child([&] {
    RunRecorder run = recorder();
    run.on_position(position(1, 1.0f));
    run.flush();
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1000, 1000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    run.on_position(position(2, 2.0f));
    run.on_finish(result());
  });
  expect_parts(sentence, {"cannot write", kStateFile, "File too large"});
  EXPECT_EQ(names(), (std::set<std::string>{kConfigFile, kStateFile}));
  EXPECT_EQ(load_saved_run(directory()).position.epochs, 1u);
}

}  // namespace
}  // namespace fmnist
