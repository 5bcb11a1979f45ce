#include "fmnist/evaluate/select_split.h"

#include <gtest/gtest.h>

#include "fmnist/core/options.h"
#include "fmnist/data/order.h"
#include "fmnist/run/run_directory.h"
#include "fmnist/run/safetensors.h"
#include "run/changed_checkpoint.h"
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

Provenance provenance() {
  Provenance provenance;
  provenance.engine = {EngineChoice::kFused, "cpu", 1, "avx2"};
  provenance.data.sha256 = "the-data";
  return provenance;
}

std::string model_bytes(const Config& config, float first) {
  RunResult result;
  result.epochs = 7;
  result.parameters = numbered(first);
  return encode_model(result, config, provenance());
}

/// A directory with checkpoints of a run of `config`.
class TrainedModelTest : public ::testing::Test {
 protected:
  std::filesystem::path write_model(const Config& config, float first) const {
    const auto path = directory_.path() / kModelFile;
    write_bytes(path, model_bytes(config, first));
    return path;
  }
  void write_state(const Config& config, float first) const {
    RunPosition position;
    position.state.parameters = numbered(first);
    write_bytes(directory_.path() / kStateFile, encode_state(position, config, provenance()));
  }
  TrainedModel model_of(const Config& config) const { return load_model(write_model(config, 1)); }

  const TemporaryDirectory directory_;
};

Dataset small_dataset() {
  Dataset dataset;
  dataset.train = learnable_split(60, 1);
  dataset.test = learnable_split(20, 2);
  dataset.info.sha256 = "the-data";
  dataset.info.directory = "here";
  return dataset;
}

TEST_F(TrainedModelTest, ComesFromAFile) {
  Config config;
  config.seed = 5;
  const TrainedModel model = load_model(write_model(config, 3));
  EXPECT_EQ(model.parameters, numbered(3));
  EXPECT_EQ(model.file, directory_.path() / kModelFile);
  EXPECT_EQ(model.epoch, 7U);
  config.device = {DeviceRequest::Kind::kCpu, std::nullopt};  // as resolved
  config.engine = EngineChoice::kFused;
  config.threads = 1;
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
  SafetensorsFile file = parse_safetensors(model_bytes({}, 4), "model");
  file.metadata.clear();
  const auto path = directory_.path() / "python.safetensors";
  write_bytes(path, to_safetensors(file));
  const TrainedModel model = load_model(path);
  EXPECT_EQ(model.parameters, numbered(4));
  EXPECT_FALSE(model.provenance);
  EXPECT_FALSE(model.config);
  EXPECT_EQ(select_split(model, small_dataset(), SplitName::kTrain).size(), 60U);
  expect_parts(
      error_of(ErrorKind::kUsage, [&] { select_split(model, small_dataset(), SplitName::kVal); }),
      {"no validation images", "not of a run of this program"});
}

TEST_F(TrainedModelTest, WithSettingsOfNoRunIsRefused) {
  for (const char* settings : {"", "[", "{\"epochs\": \"many\"}"}) {
    const auto path = directory_.path() / "odd.safetensors";
    write_bytes(path, with_metadata(model_bytes({}, 1), "config", settings));
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
  other.info.sha256 = "other-data";
  for (const SplitName split : {SplitName::kVal, SplitName::kTrain}) {
    expect_parts(error_of(ErrorKind::kData, [&] { select_split(model, other, split); }),
                 {to_string(split), "the-data", "other-data", "here"});
  }
  EXPECT_EQ(select_split(model, other, SplitName::kTest).size(), 20U);
}

}  // namespace
}  // namespace fmnist
