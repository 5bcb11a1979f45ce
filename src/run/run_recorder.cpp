#include "fmnist/run/run_recorder.h"

#include <system_error>
#include <utility>

#include "fmnist/core/files.h"
#include "fmnist/core/options.h"
#include "fmnist/run/checkpoint.h"
#include "fmnist/run/metrics_csv.h"
#include "fmnist/run/run_directory.h"
#include "run/background_writer.h"

namespace fmnist {

RunRecorder::RunRecorder(RunFacts facts, std::string metrics, Listener listener)
    : facts_(std::move(facts)), metrics_(std::move(metrics)), listener_(std::move(listener)) {
  write_now(kConfigFile, to_toml(facts_.config));
  if (metrics_.empty()) {
    metrics_ = metrics_csv_header();
  } else {
    write_now(kMetricsFile, metrics_);
  }
  // A resumed run takes the rows up to its state from metrics.csv: they must be there before it.
  writer_ = std::make_unique<BackgroundWriter>(
      std::vector{path(kConfigFile), path(kMetricsFile), path(kStateFile)});
}

RunRecorder::~RunRecorder() = default;

void RunRecorder::on_epoch(const EpochFinished& epoch) {
  collect();
  metrics_ += metrics_csv_row(epoch);
  write_later(kMetricsFile, metrics_);
}

void RunRecorder::on_position(const RunPosition& position) {
  writer_->drain();  // every state is written: a run that keeps them faster than its disk waits
  const auto saved = note_results();
  if (failures_.contains(kMetricsFile)) write_later(kMetricsFile, metrics_);
  try {
    const std::uint64_t number =
        write_later(kStateFile, encode_state(position, facts_.config, facts_.provenance));
    underway_[number] = {position.epochs, position.state.step};
  } catch (const Error& error) {  // it cannot be encoded
    fail(kStateFile, error);
  }
  tell(saved);  // at last: when nobody listens any more, this state is kept all the same
}

void RunRecorder::on_finish(const RunResult& result) {
  flush();
  if (result.status == RunStatus::kDiverged) {
    try {
      write_result(result, std::nullopt);
    } catch (const Error& error) {
      fail(kResultFile, error);
    }
    return;
  }
  if (!failures_.empty()) throw failures_.begin()->second;
  write_now(kModelFile, encode_model(result, facts_.config, facts_.provenance));
  write_result(result, path(kModelFile));
}

void RunRecorder::flush() {
  writer_->drain();
  collect();
}

void RunRecorder::put(const char* file, const std::string& bytes, const Sink& sink) {
  // The directory may have been removed under us: what is still known is worth keeping.
  std::error_code ignored;  // the write says it better
  if (std::filesystem::create_directories(*facts_.config.output, ignored) ||
      failures_.contains(kConfigFile)) {
    sink(path(kConfigFile), to_toml(facts_.config));
    if (!metrics_.empty()) sink(path(kMetricsFile), metrics_);
  }
  sink(path(file), bytes);
}

void RunRecorder::write_now(const char* file, const std::string& bytes) {
  put(file, bytes, write_file_atomically);
}

std::uint64_t RunRecorder::write_later(const char* file, const std::string& bytes) {
  std::uint64_t number = 0;
  put(file, bytes,
      [&](const auto& path, const auto& content) { number = writer_->write(path, content); });
  return number;
}

void RunRecorder::write_result(const RunResult& result,
                               const std::optional<std::filesystem::path>& model) {
  write_now(kResultFile, result_document(facts_, result, model)
                                 .dump(2, ' ', false, nlohmann::json::error_handler_t::replace) +
                             "\n");
}

std::vector<RunRecorder::SavedState> RunRecorder::note_results() {
  std::vector<SavedState> saved;
  for (const BackgroundWriter::Result& result : writer_->results()) {
    const std::string file = result.path.filename().string();
    if (result.error) {
      fail(file, *result.error);
    } else {
      failures_.erase(file);
    }
    if (file != kStateFile) continue;
    if (!result.error) saved.push_back(underway_.at(result.number));
    underway_.erase(underway_.begin(), underway_.upper_bound(result.number));
  }
  return saved;
}

void RunRecorder::tell(const std::vector<SavedState>& saved) const {
  for (const SavedState& state : saved) listener_.saved(path(kStateFile), state);
}

void RunRecorder::fail(const std::string& file, const Error& error) {
  failures_.insert_or_assign(file, error);
  listener_.failed(error);
}

}  // namespace fmnist
