#pragma once

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

/// How many of the most confident mistakes are shown.
inline constexpr std::size_t kMistakesInReport = 40;

/// Everything a report shows, without a word of HTML.
struct ReportContent {
  std::filesystem::path directory;
  TrainedModel model;
  std::optional<RunSummary> run;  // none while a run goes on, or when it was killed
  std::vector<EpochFinished> epochs;
  DataInfo data;  // of the test images
  Split test;
  std::vector<float> logits;  // [n, 10], of the test images
  Evaluation evaluation;      // on the test images
  std::optional<ShiftGrid> shifts;
};

/// Reads the run in `directory` and evaluates its `model` with `engine` on the test images of
/// `dataset`, also moved by up to `shifts` pixels where given. Throws `Error` (kCheckpoint) when a
/// file of the run cannot be read.
ReportContent gather_report(const std::filesystem::path& directory, TrainedModel model,
                            const Dataset& dataset, Engine& engine, std::optional<int> shifts);

/// A run's report as one HTML file that needs nothing else: no network, no script.
std::string report_page(const ReportContent& content);

}  // namespace fmnist
