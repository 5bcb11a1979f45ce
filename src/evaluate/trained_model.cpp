#include "fmnist/evaluate/trained_model.h"

#include <exception>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <utility>

#include "fmnist/core/error.h"
#include "fmnist/core/options.h"
#include "fmnist/run/run_directory.h"
#include "fmnist/train/trainer.h"

namespace fmnist {
namespace {

std::filesystem::path checkpoint_at(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(path, ignored)) return path;
  for (const char* name : {kModelFile, kStateFile})
    if (std::filesystem::exists(path / name, ignored)) return path / name;
  throw Error(
      ErrorKind::kCheckpoint,
      "the directory '" + path.string() + "' holds no " + kModelFile + " and no " + kStateFile,
      "give the directory of a run, or a checkpoint file");
}

}  // namespace

TrainedModel load_model(const std::filesystem::path& path) {
  TrainedModel model;
  model.file = checkpoint_at(path);
  Checkpoint checkpoint = load_checkpoint(model.file);
  model.parameters = std::move(checkpoint.parameters);
  model.info = std::move(checkpoint.info);
  if (!model.info) return model;
  try {
    model.config = config_from_json(nlohmann::json::parse(model.info->config_json));
  } catch (const std::exception&) {  // digests fit, but no version of ours wrote this
    throw Error(ErrorKind::kCheckpoint,
                "cannot read '" + model.file.string() + "': its settings are not those of a run",
                "give another checkpoint");
  }
  return model;
}

std::string_view to_string(SplitName split) {
  switch (split) {
    case SplitName::kTest:
      return "test";
    case SplitName::kVal:
      return "val";
    case SplitName::kTrain:
      return "train";
  }
  return "test";
}

Split select_split(const TrainedModel& model, const Dataset& dataset, SplitName split) {
  if (split == SplitName::kTest) return dataset.test;
  if (split == SplitName::kVal && (!model.config || model.config->val_split == 0)) {
    throw Error(ErrorKind::kUsage,
                "there are no validation images: '" + model.file.string() + "' is " +
                    (model.config ? "of a run that held none out (--val-split 0)"
                                  : "not of a run of this program"),
                "leave out --split val, or train with --val-split N");
  }
  if (!model.config) return dataset.train;
  if (model.info->data_sha256 != dataset.sha256) {
    throw Error(ErrorKind::kData,
                "which images are " + std::string(to_string(split)) + " images is unknown: '" +
                    model.file.string() + "' was trained on data of SHA-256 " +
                    model.info->data_sha256 + ", found " + dataset.sha256 + " in '" +
                    dataset.directory.string() + "'",
                "give --data-dir of the data it was trained on, or --split test");
  }
  TrainData data = make_train_data(*model.config, dataset.train, dataset.test);
  if (split == SplitName::kVal) return std::move(data.val);
  return gather(dataset.train, data.train_indices);
}

}  // namespace fmnist
