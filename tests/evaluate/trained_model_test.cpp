#include "fmnist/evaluate/trained_model.h"

#include <gtest/gtest.h>

#include "fmnist/core/options.h"
#include "fmnist/data/order.h"
#include "fmnist/run/run_directory.h"
#include "fmnist/run/safetensors.h"
#include "support/errors.h"
#include "support/idx_writer.h"
#include "support/temporary_directory.h"

namespace fmnist {
namespace {

Parameters numbered(float first) {
  Parameters parameters;
  for (std::size_t i = 0; i < parameters.values.size(); ++i)
    parameters.values[i] = first + static_cast<float>(i);
  return parameters;
}

CheckpointInfo info_of(const Config& config) {
  CheckpointInfo info;
  info.epoch = 7;
  info.config_json = to_json(config).dump();
  info.data_sha256 = "the-data";
  return info;
}

/// A directory with checkpoints of a run of `config`.
class TrainedModelTest : public ::testing::Test {
 protected:
  std::filesystem::path write_model(const Config& config, float first) const {
    const auto path = directory_.path() / kModelFile;
    write_bytes(path, encode_model(numbered(first), info_of(config)));
    return path;
  }
  void write_state(const Config& config, float first) const {
    const TrainState state{.parameters = numbered(first), .momentum = {}, .step = 9};
    write_bytes(directory_.path() / kStateFile,
                encode_training_state(state, nullptr, info_of(config)));
  }
  TrainedModel model_of(const Config& config) const { return load_model(write_model(config, 1)); }

  const TemporaryDirectory directory_;
};

Dataset small_dataset() {
  Dataset dataset;
  dataset.train = learnable_split(60, 1);
  dataset.test = learnable_split(20, 2);
  dataset.sha256 = "the-data";
  dataset.directory = "here";
  return dataset;
}

TEST_F(TrainedModelTest, ComesFromAFile) {
  Config config;
  config.seed = 5;
  const TrainedModel model = load_model(write_model(config, 3));
  EXPECT_EQ(model.parameters, numbered(3));
  EXPECT_EQ(model.file, directory_.path() / kModelFile);
  ASSERT_TRUE(model.info);
  EXPECT_EQ(model.info->epoch, 7U);
  EXPECT_EQ(model.config, config);
}

TEST_F(TrainedModelTest, OfARunIsTheOneToShip) {
  write_state({}, 1);
  EXPECT_EQ(load_model(directory_.path()).parameters, numbered(1));
  write_model({}, 2);
  EXPECT_EQ(load_model(directory_.path()).parameters, numbered(2));
}

TEST_F(TrainedModelTest, IsMissedWhereThereIsNone) {
  expect_parts(error_of(ErrorKind::kCheckpoint, [&] { load_model(directory_.path()); }),
               {directory_.path().string(), kModelFile, kStateFile});
  expect_parts(error_of(ErrorKind::kCheckpoint, [] { load_model("no/such.safetensors"); }),
               {"no/such.safetensors"});
}

TEST_F(TrainedModelTest, OfAnotherProgramHasNoSettings) {
  SafetensorsFile file = parse_safetensors(encode_model(numbered(4), info_of({})), "model");
  file.metadata.clear();
  const auto path = directory_.path() / "python.safetensors";
  write_bytes(path, to_safetensors(file));
  const TrainedModel model = load_model(path);
  EXPECT_EQ(model.parameters, numbered(4));
  EXPECT_FALSE(model.info);
  EXPECT_FALSE(model.config);
  EXPECT_EQ(select_split(model, small_dataset(), SplitName::kTrain).size(), 60U);
  expect_parts(
      error_of(ErrorKind::kUsage, [&] { select_split(model, small_dataset(), SplitName::kVal); }),
      {"no validation images", "not of a run of this program"});
}

TEST_F(TrainedModelTest, WithSettingsOfNoRunIsRefused) {
  for (const char* settings : {"", "[", "{\"epochs\": \"many\"}"}) {
    CheckpointInfo info = info_of({});
    info.config_json = settings;
    const auto path = directory_.path() / "odd.safetensors";
    write_bytes(path, encode_model(numbered(1), info));
    expect_parts(error_of(ErrorKind::kCheckpoint, [&] { load_model(path); }), {"odd", "settings"});
  }
}

TEST_F(TrainedModelTest, IsTestedOnTheTestImages) {
  const Dataset dataset = small_dataset();
  EXPECT_EQ(select_split(model_of({}), dataset, SplitName::kTest).images, dataset.test.images);
}

TEST_F(TrainedModelTest, FindsTheImagesThatItsRunHeldOut) {
  Config config;
  config.val_split = 20;
  config.train_limit = 30;
  config.seed = 11;
  const TrainedModel model = model_of(config);
  const Dataset dataset = small_dataset();
  const Partition parts = partition(dataset.train.labels, 20, 30, 11);
  EXPECT_EQ(select_split(model, dataset, SplitName::kVal).images,
            gather(dataset.train, parts.val).images);
  EXPECT_EQ(select_split(model, dataset, SplitName::kTrain).images,
            gather(dataset.train, parts.train).images);
  EXPECT_EQ(select_split(model, dataset, SplitName::kTrain).size(), 30U);
}

TEST_F(TrainedModelTest, SaysThatItsRunHeldNothingOut) {
  expect_parts(error_of(ErrorKind::kUsage,
                        [&] { select_split(model_of({}), small_dataset(), SplitName::kVal); }),
               {"no validation images", "--val-split 0"});
}

TEST_F(TrainedModelTest, KnowsNoPartsOfOtherData) {
  Config config;
  config.val_split = 20;
  const TrainedModel model = model_of(config);
  Dataset other = small_dataset();
  other.sha256 = "other-data";
  for (const SplitName split : {SplitName::kVal, SplitName::kTrain}) {
    expect_parts(error_of(ErrorKind::kData, [&] { select_split(model, other, split); }),
                 {to_string(split), "the-data", "other-data", "here"});
  }
  EXPECT_EQ(select_split(model, other, SplitName::kTest).size(), 20U);
}

}  // namespace
}  // namespace fmnist
