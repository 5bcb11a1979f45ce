#include "fmnist/run/run_recorder.h"

#include <optional>
#include <system_error>
#include <utility>

#include "fmnist/core/files.h"
#include "fmnist/core/options.h"
#include "fmnist/run/run_directory.h"
#include "fmnist/run/saved_run.h"

namespace fmnist {

RunRecorder::RunRecorder(RunFacts facts, std::string metrics, Listener listener)
    : facts_(std::move(facts)), metrics_(std::move(metrics)), listener_(std::move(listener)) {
  write(kConfigFile, to_toml(facts_.config));
  if (metrics_.empty()) {
    metrics_ = metrics_csv_header();
  } else {
    write(kMetricsFile, metrics_);
  }
}

void RunRecorder::on_epoch(const EpochFinished& epoch) {
  metrics_ += metrics_csv_row(epoch);
  write_metrics();
}

void RunRecorder::on_position(const RunPosition& position) {
  // A resumed run takes the rows up to its state from the file.
  if (failures_.contains(kMetricsFile)) write_metrics();
  attempt(kStateFile, [&] {
    write(kStateFile, encode_position(position, facts_));
    listener_.saved(path(kStateFile), position);
  });
}

void RunRecorder::on_finish(const RunResult& result) {
  if (!failures_.empty()) throw failures_.begin()->second;
  std::optional<std::filesystem::path> model;
  if (result.status != RunStatus::kDiverged) {
    model = path(kModelFile);
    write(kModelFile, encode_model(result.shipped(), checkpoint_info(facts_, result)));
  }
  write(kResultFile, result_document(facts_, result, model)
                             .dump(2, ' ', false, nlohmann::json::error_handler_t::replace) +
                         "\n");
}

void RunRecorder::write(const char* file, const std::string& bytes) {
  // The directory may have been removed under us: what is still known is worth keeping.
  std::error_code ignored;  // the write says it better
  if (std::filesystem::create_directories(*facts_.output, ignored)) {
    write_file_atomically(path(kConfigFile), to_toml(facts_.config));
    if (!metrics_.empty()) write_file_atomically(path(kMetricsFile), metrics_);
  }
  write_file_atomically(path(file), bytes);
}

void RunRecorder::write_metrics() {
  attempt(kMetricsFile, [&] { write(kMetricsFile, metrics_); });
}

void RunRecorder::attempt(const char* file, const std::function<void()>& write) {
  try {
    write();
    failures_.erase(file);
  } catch (const Error& error) {
    failures_.insert_or_assign(file, error);
    listener_.failed(error);
  }
}

}  // namespace fmnist
