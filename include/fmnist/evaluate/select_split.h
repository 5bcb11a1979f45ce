#pragma once

#include <string_view>

#include "fmnist/data/dataset.h"
#include "fmnist/data/split.h"
#include "fmnist/run/checkpoint.h"

namespace fmnist {

enum class SplitName { kTest, kVal, kTrain };

template <>
inline constexpr std::array<std::string_view, 3> kEnumNames<SplitName>{"test", "val", "train"};

/// The images of `dataset` that the model's run tested with, held out, or trained on; those of the
/// whole training file for kTrain when the model does not say. Throws `Error`: kUsage when nothing
/// was held out, kData when it was trained on other data, so that the parts are unknown.
Split select_split(const TrainedModel& model, const Dataset& dataset, SplitName split);

}  // namespace fmnist
