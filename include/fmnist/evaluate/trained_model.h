#pragma once

#include <string_view>

#include "fmnist/data/dataset.h"
#include "fmnist/data/split.h"
#include "fmnist/run/checkpoint.h"

namespace fmnist {

enum class SplitName { kTest, kVal, kTrain };

/// "test", "val" or "train".
std::string_view to_string(SplitName split);

/// The images of `dataset` that the model's run tested with, held out, or trained on; those of the
/// whole training file for kTrain when the model does not say. Throws `Error`: kUsage when nothing
/// was held out, kData when it was trained on other data, so that the parts are unknown.
Split select_split(const TrainedModel& model, const Dataset& dataset, SplitName split);

}  // namespace fmnist
