#include "fmnist/report/report_content.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "fmnist/core/error.h"
#include "fmnist/core/files.h"
#include "fmnist/run/run_directory.h"

namespace fmnist {
namespace {

std::string read_run_file(const std::filesystem::path& path) {
  return read_file(path, ErrorKind::kCheckpoint);
}

ShownImage show(const Split& split, std::size_t index, std::uint8_t predicted, double confidence) {
  const auto pixels = split.image(index);
  return {index, split.labels[index], predicted, confidence, {pixels.begin(), pixels.end()}};
}

std::vector<ShownImage> first_of_each_class(const Split& split, std::span<const float> logits) {
  std::vector<ShownImage> examples;
  for (std::uint8_t label = 0; label < kClassCount; ++label) {
    const auto found = std::ranges::find(split.labels, label);
    if (found == split.labels.end()) continue;
    const auto index = static_cast<std::size_t>(found - split.labels.begin());
    const auto probabilities = softmax(logits.subspan(index * kClassCount, kClassCount));
    const auto best = std::ranges::max_element(probabilities);
    const auto predicted = static_cast<std::uint8_t>(best - probabilities.begin());
    examples.push_back(show(split, index, predicted, *best));
  }
  return examples;
}

}  // namespace

ReportContent gather_report(const std::filesystem::path& directory, TrainedModel model,
                            const Dataset& dataset, Engine& engine, std::optional<int> shifts) {
  ReportContent content;
  content.directory = directory;
  const auto result = directory / kResultFile;
  const auto metrics = directory / kMetricsFile;
  std::error_code ignored;
  if (std::filesystem::exists(result, ignored))
    content.run = parse_result(read_run_file(result), result.string());
  if (std::filesystem::exists(metrics, ignored))
    content.epochs = parse_metrics_csv(read_run_file(metrics), metrics.string());
  content.data = dataset.info;
  content.trained_on_this_data =
      !model.provenance || model.provenance->data.sha256 == dataset.info.sha256;

  const Split& test = dataset.test;
  const std::vector<float> logits = engine.logits(test.images);
  content.evaluation = evaluate_predictions(logits, test.labels);
  content.examples = first_of_each_class(test, logits);
  const auto& mistakes = content.evaluation.mistakes;
  for (std::size_t i = 0; i < std::min(kMistakesInReport, mistakes.size()); ++i)
    content.mistakes.push_back(
        show(test, mistakes[i].index, mistakes[i].predicted, mistakes[i].confidence));
  if (shifts) content.shifts = evaluate_shifts(engine, test, *shifts);
  content.model = std::move(model);
  return content;
}

}  // namespace fmnist
