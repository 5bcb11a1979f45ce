#include "fmnist/run/saved_run.h"

#include <gtest/gtest.h>

#include <map>

#include "fmnist/core/files.h"
#include "fmnist/core/options.h"
#include "fmnist/run/run_directory.h"
#include "support/errors.h"
#include "support/temporary_directory.h"

namespace fmnist {
namespace {

namespace fs = std::filesystem;

/// Values that no other parameter has, some of them awkward.
Parameters parameters(float first) {
  Parameters parameters;
  for (std::size_t i = 0; i < kParameterCount; ++i)
    parameters.values[i] = first + 0.1f * static_cast<float>(i);
  parameters.values[7] = -0.0f;
  parameters.values[8] = 1e-45f;  // the smallest float
  return parameters;
}

/// In the middle of the third epoch.
RunPosition position() {
  RunPosition position;
  position.state = {parameters(1.0f), parameters(-2.0f), 2345};
  position.epochs = 2;
  position.epoch_totals = {0.1 + 0.2, 17, 64};
  position.epoch_seconds = {1.0 / 3.0, 0.0};
  position.seconds = 12.1;
  return position;
}

BestEpoch best_epoch() { return {1, {0.3, 0.7}, {1.0 / 3.0, 2.0 / 3.0}, parameters(3.0f)}; }

RunFacts facts() {
  RunFacts facts;
  facts.config.epochs = 5;
  facts.config.learning_rate = 0.1;
  facts.config.data_dir = "/some/where";
  facts.config.json = true;
  facts.program_version = "1.2.3";
  facts.libtorch_version = "2.15.0";
  facts.device.used = "cpu";
  facts.engine = {"fused", "cpu", 3, "avx2"};
  facts.data_sha256 = "abc";
  return facts;
}

void expect_equal(const RunPosition& found, const RunPosition& expected) {
  EXPECT_EQ(fingerprint(found.state.parameters), fingerprint(expected.state.parameters));
  EXPECT_EQ(fingerprint(found.state.momentum), fingerprint(expected.state.momentum));
  EXPECT_EQ(found.state.step, expected.state.step);
  EXPECT_EQ(found.epochs, expected.epochs);
  EXPECT_EQ(found.epoch_totals.loss, expected.epoch_totals.loss);
  EXPECT_EQ(found.epoch_totals.correct, expected.epoch_totals.correct);
  EXPECT_EQ(found.epoch_totals.count, expected.epoch_totals.count);
  EXPECT_EQ(found.epoch_seconds.train, expected.epoch_seconds.train);
  EXPECT_EQ(found.epoch_seconds.evaluate, expected.epoch_seconds.evaluate);
  EXPECT_EQ(found.seconds, expected.seconds);
  ASSERT_EQ(found.best.has_value(), expected.best.has_value());
  if (!found.best) return;
  EXPECT_EQ(found.best->epoch, expected.best->epoch);
  EXPECT_EQ(found.best->val, expected.best->val);
  EXPECT_EQ(found.best->test, expected.best->test);
  EXPECT_EQ(fingerprint(found.best->parameters), fingerprint(expected.best->parameters));
}

class SavedRunTest : public testing::Test {
 protected:
  const fs::path& directory() const { return temporary_.path(); }
  fs::path state_file() const { return directory() / kStateFile; }

  void save(const RunPosition& at) const {
    write_file_atomically(state_file(), encode_position(at, facts()));
  }
  SavedRun saved() const {
    save(position());
    return load_saved_run(directory());
  }
  std::string refusal(const fs::path& path) const {
    return error_of(ErrorKind::kCheckpoint, [&] { load_saved_run(path); });
  }
  /// Expects that a state whose metadata is `info` is refused, although its digests fit.
  void expect_foreign(const CheckpointInfo& info, const Parameters* best = nullptr) const {
    write_file_atomically(state_file(), encode_training_state(position().state, best, info));
    expect_parts(refusal(directory()), {state_file().string(), "its metadata is not that of"});
  }

 private:
  TemporaryDirectory temporary_;
};

TEST_F(SavedRunTest, APositionComesBackToTheLastBit) {
  save(position());
  expect_equal(load_saved_run(directory()).position, position());
}

TEST_F(SavedRunTest, TheBestEpochComesBackToo) {
  RunPosition at = position();
  at.best = best_epoch();
  save(at);
  expect_equal(load_saved_run(directory()).position, at);
}

TEST_F(SavedRunTest, SoDoesTheStartOfARun) {
  save({});
  expect_equal(load_saved_run(directory()).position, {});
}

TEST_F(SavedRunTest, ItKnowsWhereItComesFrom) {
  const SavedRun run = saved();
  EXPECT_EQ(run.file, state_file());
  EXPECT_EQ(run.engine, "fused");
  EXPECT_EQ(run.device, "cpu");
  EXPECT_EQ(run.data_sha256, "abc");
  EXPECT_EQ(run.program_version, "1.2.3");
  EXPECT_EQ(run.libtorch_version, "2.15.0");
}

TEST_F(SavedRunTest, SettingsAreKeptWithTheMachineAsResolvedAndWithoutWishes) {
  const Config config = saved().config;
  Config expected = facts().config;
  expected.engine = EngineChoice::kFused;
  expected.device = {DeviceRequest::Kind::kCpu, std::nullopt};
  expected.threads = 3;
  expected.json = false;
  EXPECT_EQ(to_json(config), to_json(expected));
}

TEST_F(SavedRunTest, AFileAndItsDirectoryAreTheSame) {
  save(position());
  EXPECT_EQ(load_saved_run(state_file()).file, load_saved_run(directory()).file);
}

TEST_F(SavedRunTest, NothingToResumeIsAnError) {
  for (const fs::path& path : {directory(), directory() / "missing", state_file()})
    expect_parts(refusal(path), {path.string(), "there is no state of a run"});
}

TEST_F(SavedRunTest, AModelIsNoState) {
  write_file_atomically(directory() / kModelFile, encode_model(parameters(1.0f), {}));
  expect_parts(refusal(directory() / kModelFile), {kModelFile, "it holds a model, not the state"});
}

TEST_F(SavedRunTest, ForeignAndDamagedFilesAreRefused) {
  const std::string whole = encode_position(position(), facts());
  std::string flipped = whole;
  flipped.back() = static_cast<char>(flipped.back() ^ 1);
  for (const std::string& bytes :
       {std::string(), std::string("text\n"), whole.substr(0, whole.size() - 1), flipped}) {
    write_file_atomically(state_file(), bytes);
    expect_parts(refusal(directory()), {state_file().string()});
  }
}

TEST_F(SavedRunTest, MetadataThatIsNotOursIsRefusedAlthoughItsDigestsFit) {
  const std::string progress =
      R"({"loss":0.5,"correct":1,"count":2,"epoch_seconds":[0,0],"seconds":0})";
  CheckpointInfo info;
  info.config_json = "{}";
  info.resume = {{"progress", progress}, {"device", "cpu"}};
  write_file_atomically(state_file(), encode_training_state(position().state, nullptr, info));
  EXPECT_EQ(load_saved_run(directory()).position.epoch_totals.loss, 0.5);  // so far all is well
  const Parameters best;
  expect_foreign(info, &best);
  const auto with = [&](auto change) {
    CheckpointInfo changed = info;
    change(changed);
    expect_foreign(changed);
  };
  with([](auto& changed) { changed.config_json = "no JSON"; });
  with([](auto& changed) { changed.config_json = "[]"; });
  with([](auto& changed) { changed.config_json = R"({"epochs": -1})"; });
  with([](auto& changed) { changed.resume.clear(); });
  with([](auto& changed) { changed.resume.erase("device"); });
  for (const char* text :
       {"", "{}", "null", R"({"loss":"1","correct":1,"count":2,"epoch_seconds":[0,0],"seconds":0})",
        R"({"loss":1,"correct":1,"count":2,"epoch_seconds":[0],"seconds":0})",
        R"({"loss":1,"correct":1,"count":2,"epoch_seconds":[0,0],"seconds":0,"best":{}})"})
    with([&](auto& changed) { changed.resume["progress"] = text; });
}

TEST_F(SavedRunTest, MetricsAreCutToTheFinishedEpochs) {
  std::string metrics = metrics_csv_header();
  std::string until_two;
  for (std::uint64_t epoch = 1; epoch <= 4; ++epoch) {
    metrics += metrics_csv_row({epoch, epoch, 0.01, {}, false, {}, {}, 1.0, "feed"});
    if (epoch == 2) until_two = metrics;
  }
  write_file_atomically(directory() / kMetricsFile, metrics);
  EXPECT_EQ(saved().metrics, until_two);
  EXPECT_TRUE(saved().metrics_complete);
  save({});
  EXPECT_EQ(load_saved_run(directory()).metrics, metrics_csv_header());
  EXPECT_TRUE(load_saved_run(directory()).metrics_complete);
}

TEST_F(SavedRunTest, MetricsThatAreShorterAreTakenAsFarAsTheirRowsAreWhole) {
  const std::string one =
      metrics_csv_header() + metrics_csv_row({1, 1, 0.01, {}, false, {}, {}, 1.0, "feed"});
  write_file_atomically(directory() / kMetricsFile, one + "2,18");
  EXPECT_EQ(saved().metrics, one);
  EXPECT_FALSE(saved().metrics_complete);
}

TEST_F(SavedRunTest, ForeignOrMissingMetricsAreNone) {
  EXPECT_EQ(saved().metrics, "");
  EXPECT_FALSE(saved().metrics_complete);
  save({});  // no epoch is finished, so none is lost
  EXPECT_TRUE(load_saved_run(directory()).metrics_complete);
  write_file_atomically(directory() / kMetricsFile, "a,b\n1,2\n");
  EXPECT_EQ(saved().metrics, "");
}

class ResumeConfigTest : public SavedRunTest {
 protected:
  /// The settings when `name` is given as `text`; conflicts are kept.
  Config with(const std::string& name, const std::string& text) {
    Config config;
    find_option(name)->set(config, text);
    conflicts_.clear();
    return resume_config(saved(), config, {name}, conflicts_);
  }

  std::vector<SettingConflict> conflicts_;
};

TEST_F(ResumeConfigTest, WithoutOptionsTheSavedSettingsHold) {
  Config config;
  config.learning_rate = 0.7;  // set, but not given by the user
  config.output = "elsewhere";
  const SavedRun run = saved();
  const Config used = resume_config(run, config, {}, conflicts_);
  EXPECT_EQ(used.learning_rate, 0.1);
  EXPECT_EQ(used.output, "elsewhere");  // a wish for this call
  EXPECT_EQ(to_toml(used), to_toml(run.config));
  EXPECT_TRUE(conflicts_.empty());
}

TEST_F(ResumeConfigTest, EverySettingThatChangesTheResultConflicts) {
  const std::map<std::string, std::string> others = {
      {"batch-size", "32"},   {"lr", "0.2"},           {"momentum", "0.9"},
      {"nesterov", "true"},   {"weight-decay", "0.1"}, {"lr-schedule", "cosine"},
      {"warmup-epochs", "1"}, {"dropout", "0.25"},     {"label-smoothing", "0.1"},
      {"seed", "1"},          {"val-split", "100"},    {"train-limit", "500"},
      {"limit-batches", "3"}, {"epochs", "4"}};
  for (const Option& option : options()) {
    if (!option.changes_result) continue;
    const std::string name(option.name);
    ASSERT_TRUE(others.contains(name)) << name;
    const Config used = with(name, others.at(name));
    ASSERT_EQ(conflicts_.size(), 1u) << name;
    EXPECT_EQ(conflicts_[0].option, name);
    EXPECT_EQ(conflicts_[0].saved, option.text(saved().config));
    EXPECT_EQ(conflicts_[0].given, others.at(name));
    EXPECT_EQ(to_toml(used), to_toml(saved().config)) << name;
  }
}

TEST_F(ResumeConfigTest, AllConflictsAreTold) {
  Config config;
  config.learning_rate = 0.5;
  config.seed = 9;
  resume_config(saved(), config, {"lr", "seed", "momentum"}, conflicts_);
  ASSERT_EQ(conflicts_.size(), 2u);  // momentum is given as it was saved
  EXPECT_EQ(conflicts_[0].option, "lr");
  EXPECT_EQ(conflicts_[1].option, "seed");
}

TEST_F(ResumeConfigTest, TheSameValueIsNoConflict) {
  with("lr", "1e-1");
  EXPECT_TRUE(conflicts_.empty());
}

TEST_F(ResumeConfigTest, EpochsMayGrow) {
  EXPECT_EQ(with("epochs", "6").epochs, 6);
  EXPECT_TRUE(conflicts_.empty());
}

TEST_F(ResumeConfigTest, WhatLeavesTheResultMayBeGiven) {
  EXPECT_EQ(with("checkpoint-every", "7b").checkpoint_every, (CheckpointInterval{7, true}));
  EXPECT_TRUE(conflicts_.empty());
  EXPECT_EQ(with("threads", "8").threads, 8);
  EXPECT_TRUE(conflicts_.empty());
  EXPECT_EQ(with("data-dir", "/moved").data_dir, "/moved");
  EXPECT_TRUE(conflicts_.empty());
  EXPECT_TRUE(with("quiet", "true").quiet);
  EXPECT_TRUE(conflicts_.empty());
}

}  // namespace
}  // namespace fmnist
