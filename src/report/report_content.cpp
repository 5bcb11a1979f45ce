#include "fmnist/report/report_content.h"

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
  content.test = dataset.test;
  content.logits = engine.logits(content.test.images);
  content.evaluation = evaluate_predictions(content.logits, content.test.labels);
  if (shifts) content.shifts = evaluate_shifts(engine, content.test, *shifts);
  content.model = std::move(model);
  return content;
}

}  // namespace fmnist
