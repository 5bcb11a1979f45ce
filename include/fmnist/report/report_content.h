#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "fmnist/data/dataset.h"
#include "fmnist/engine/engine.h"
#include "fmnist/evaluate/evaluation.h"
#include "fmnist/evaluate/select_split.h"
#include "fmnist/evaluate/shifts.h"
#include "fmnist/run/epoch_records.h"
#include "fmnist/run/results.h"

namespace fmnist {

/// A test image and what the network makes of it.
struct ShownImage {
  std::size_t index = 0;  // in the test set
  std::uint8_t label = 0;
  std::uint8_t predicted = 0;
  double confidence = 0.0;           // of the predicted class
  std::vector<std::uint8_t> pixels;  // [28, 28]
};

/// How many of the most confident mistakes are shown.
inline constexpr std::size_t kMistakesInReport = 40;

/// Everything a report shows, without a word of HTML.
struct ReportContent {
  std::filesystem::path directory;
  TrainedModel model;
  std::optional<RunSummary> run;  // none while a run goes on, or when it was killed
  std::vector<EpochFinished> epochs;
  DataInfo data;                     // of the test images
  bool trained_on_this_data = true;  // as far as the model says
  Evaluation evaluation;             // on the test set
  std::vector<ShownImage> examples;  // the first test image of each class that has one
  std::vector<ShownImage> mistakes;  // most confident first
  std::optional<ShiftGrid> shifts;
};

/// Reads the run in `directory` and evaluates its `model` with `engine` on the test images of
/// `dataset`, also moved by up to `shifts` pixels where given. Throws `Error` (kCheckpoint) when a
/// file of the run cannot be read.
ReportContent gather_report(const std::filesystem::path& directory, TrainedModel model,
                            const Dataset& dataset, Engine& engine, std::optional<int> shifts);

}  // namespace fmnist
