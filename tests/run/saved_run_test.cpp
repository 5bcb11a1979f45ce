#include <gtest/gtest.h>

#include "fmnist/core/files.h"
#include "fmnist/core/options.h"
#include "fmnist/run/checkpoint.h"
#include "fmnist/run/epoch_records.h"
#include "fmnist/run/run_directory.h"
#include "run/changed_checkpoint.h"
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

Config config() {
  Config config;
  config.epochs = 5;
  config.learning_rate = 0.1;
  config.data_dir = "/some/where";
  config.json = true;
  return config;
}

std::string encoded(const RunPosition& at) {
  return encode_state(at, config(),
                      {.program_version = "1.2.3",
                       .libtorch_version = "2.15.0",
                       .engine = {EngineChoice::kFused, "cpu", 3, "avx2"},
                       .data = {"/data", "abc", true}});
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

  void save(const RunPosition& at) const { write_file_atomically(state_file(), encoded(at)); }
  SavedRun saved() const {
    save(position());
    return load_saved_run(directory());
  }
  std::string refusal(const fs::path& path) const {
    return error_of(ErrorKind::kCheckpoint, [&] { load_saved_run(path); });
  }
  /// Expects that the state `bytes` are refused, although their digests fit.
  void expect_foreign(const std::string& bytes) const {
    write_file_atomically(state_file(), bytes);
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
  EXPECT_EQ(run.provenance.engine, (EngineInfo{EngineChoice::kFused, "cpu", 3, ""}));
  EXPECT_EQ(run.provenance.data.sha256, "abc");
  EXPECT_EQ(run.provenance.program_version, "1.2.3");
  EXPECT_EQ(run.provenance.libtorch_version, "2.15.0");
}

TEST_F(SavedRunTest, SettingsAreKeptWithTheMachineAsResolvedAndWithoutWishes) {
  Config expected = config();
  expected.engine = EngineChoice::kFused;
  expected.device = {DeviceRequest::Kind::kCpu, std::nullopt};
  expected.threads = 3;
  expected.json = false;
  EXPECT_EQ(to_json(saved().config), to_json(expected));
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
  write_file_atomically(directory() / kModelFile, encode_model({}, {}, {}));
  expect_parts(refusal(directory() / kModelFile), {kModelFile, "it holds a model, not the state"});
}

TEST_F(SavedRunTest, ForeignAndDamagedFilesAreRefused) {
  const std::string whole = encoded(position());
  std::string flipped = whole;
  flipped.back() = static_cast<char>(flipped.back() ^ 1);
  for (const std::string& bytes :
       {std::string(), std::string("text\n"), whole.substr(0, whole.size() - 1), flipped}) {
    write_file_atomically(state_file(), bytes);
    expect_parts(refusal(directory()), {state_file().string()});
  }
}

TEST_F(SavedRunTest, MetadataThatIsNotOursIsRefusedAlthoughItsDigestsFit) {
  const std::string whole = encoded(position());
  const auto with = [&](const char* key, const std::string& value) {
    return with_metadata(whole, key, value);
  };
  const std::string progress =
      R"({"loss":0.5,"correct":1,"count":2,"epoch_seconds":[0,0],"seconds":0})";
  write_file_atomically(state_file(), with("resume.progress", progress));
  EXPECT_EQ(load_saved_run(directory()).position.epoch_totals.loss, 0.5);  // so far all is well
  RunPosition with_best = position();
  with_best.best = best_epoch();
  expect_foreign(with_metadata(encoded(with_best), "resume.progress", progress));
  for (const char* config : {"no JSON", "[]", R"({"epochs": -1})"})
    expect_foreign(with("config", config));
  expect_foreign(with("engine", "steam"));
  for (const char* key : {"resume.progress", "resume.device"})
    expect_foreign(changed(whole, true, [&](SafetensorsFile& file) { file.metadata.erase(key); }));
  for (const char* text :
       {"", "{}", "null", R"({"loss":"1","correct":1,"count":2,"epoch_seconds":[0,0],"seconds":0})",
        R"({"loss":1,"correct":1,"count":2,"epoch_seconds":[0],"seconds":0})",
        R"({"loss":1,"correct":1,"count":2,"epoch_seconds":[0,0],"seconds":0,"best":{}})"})
    expect_foreign(with("resume.progress", text));
}

TEST_F(SavedRunTest, AStateOfBeforeIsReadToo) {
  // The metadata that version 0.1.0 wrote, with figures as lists of two.
  const std::string settings =
      R"({"epochs":40,"batch_size":32,"lr":0.01,"momentum":0.5,"nesterov":false,)"
      R"("weight_decay":0.0,"lr_schedule":"constant","warmup_epochs":0.0,"dropout":0.5,)"
      R"("label_smoothing":0.0,"seed":0,"data_dir":null,"val_split":500,"train_limit":4000,)"
      R"("device":"cpu","require_device":false,"engine":"fused","threads":2,)"
      R"("checkpoint_every":"1","log_every":200,"tensorboard":false,"fail_under":null,)"
      R"("limit_batches":60})";
  const std::string progress =
      R"({"best":{"epoch":11,"test":[0.6957007314376641,0.7338],"val":[0.6483079818972879,0.756]},)"
      R"("correct":24,"count":32,"epoch_seconds":[0.000360237,0.0],"loss":25.029900550842285,)"
      R"("seconds":1.432663424})";
  RunPosition at = position();
  at.best = best_epoch();
  write_file_atomically(state_file(), with_metadata(with_metadata(encoded(at), "config", settings),
                                                    "resume.progress", progress));
  const SavedRun run = load_saved_run(directory());
  EXPECT_EQ(run.position.best->val, (Metrics{0.6483079818972879, 0.756}));
  EXPECT_EQ(run.position.best->test, (Metrics{0.6957007314376641, 0.7338}));
  EXPECT_EQ(run.position.epoch_totals.loss, 25.029900550842285);
  EXPECT_EQ(run.position.seconds, 1.432663424);
  EXPECT_EQ(run.config.batch_size, 32u);
  EXPECT_EQ(run.config.train_limit, 4000u);
  EXPECT_EQ(run.provenance.engine, (EngineInfo{EngineChoice::kFused, "cpu", 2, ""}));
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

}  // namespace
}  // namespace fmnist
