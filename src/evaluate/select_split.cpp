#include "fmnist/evaluate/select_split.h"

#include <fmt/format.h>

#include <utility>

#include "fmnist/core/error.h"
#include "fmnist/train/trainer.h"

namespace fmnist {

Split select_split(const TrainedModel& model, const Dataset& dataset, SplitName split) {
  if (split == SplitName::kTest) return dataset.test;
  if (split == SplitName::kVal && (!model.config || model.config->val_split == 0)) {
    throw Error(ErrorKind::kUsage,
                fmt::format("there are no validation images: '{}' is {}", model.file.string(),
                            model.config ? "of a run that held none out (--val-split 0)"
                                         : "not of a run of this program"),
                "leave out --split val, or train with --val-split N");
  }
  if (!model.config) return dataset.train;
  const std::string& trained_on = model.provenance->data.sha256;
  if (trained_on != dataset.info.sha256) {
    throw Error(ErrorKind::kData,
                fmt::format("which images are {} images is unknown: '{}' was trained on data of "
                            "SHA-256 {}, found {} in '{}'",
                            to_string(split), model.file.string(), trained_on, dataset.info.sha256,
                            dataset.info.directory.string()),
                "give --data-dir of the data it was trained on, or --split test");
  }
  TrainData data = make_train_data(*model.config, dataset.train, dataset.test);
  if (split == SplitName::kVal) return std::move(data.val);
  return gather(dataset.train, data.train_indices);
}

}  // namespace fmnist
