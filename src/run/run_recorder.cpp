#include "fmnist/run/run_recorder.h"

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
  attempt([&] { write(kMetricsFile, metrics_); });
}

void RunRecorder::on_position(const RunPosition& position) {
  attempt([&] {
    write(kStateFile, encode_position(position, facts_));
    listener_.saved(path(kStateFile), position);
  });
}

void RunRecorder::on_finish(const RunResult& result) {
  if (failure_) throw *failure_;
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
  std::filesystem::create_directories(*facts_.output, ignored);
  write_file_atomically(path(file), bytes);
}

void RunRecorder::attempt(const std::function<void()>& write) {
  try {
    write();
    failure_.reset();
  } catch (const Error& error) {
    failure_ = error;
    listener_.failed(error);
  }
}

}  // namespace fmnist
