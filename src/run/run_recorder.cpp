#include "fmnist/run/run_recorder.h"

#include <fmt/format.h>

#include <chrono>
#include <system_error>
#include <utility>

#include "fmnist/core/files.h"
#include "fmnist/core/options.h"
#include "fmnist/core/signals_blocked.h"
#include "fmnist/run/checkpoint.h"
#include "fmnist/run/epoch_records.h"
#include "fmnist/run/run_directory.h"

namespace fmnist {

RunRecorder::RunRecorder(RunFacts facts, std::string metrics, OnFailed on_failed, OnSaved on_saved)
    : facts_(std::move(facts)),
      metrics_(std::move(metrics)),
      on_failed_(std::move(on_failed)),
      on_saved_(std::move(on_saved)) {
  write_now(kConfigFile, to_toml(facts_.config));
  if (metrics_.empty()) {
    metrics_ = metrics_csv_header();
  } else {
    write_now(kMetricsFile, metrics_);
  }
}

RunRecorder::~RunRecorder() {
  if (written_.valid()) written_.wait();
  if (!metrics_waiting_) return;
  try {
    write_in_order(directory(), due_files());
  } catch (const std::exception&) {  // no memory: a resumed run says what its metrics lack
  }
}

void RunRecorder::on_step(const StepDone&) {
  // Only now: a state that was due at the end of the epoch has taken the metrics along.
  if (!metrics_waiting_ || is_writing()) return;
  notify(settle());
  begin_write(due_files());
}

void RunRecorder::on_epoch(const EpochFinished& epoch) {
  metrics_ += metrics_csv_row(epoch);
  metrics_waiting_ = true;
  notify_if_written();
}

void RunRecorder::on_position(const RunPosition& position) {
  const auto saved = settle();
  // A resumed run takes the rows up to its state from metrics.csv: they must be there before it.
  Files files = due_files();
  try {
    files.emplace_back(kStateFile, encode_state(position, facts_.config, facts_.provenance));
    saving_ = checkpoint_event(directory() / kStateFile, position.epochs, position.state.step);
  } catch (const Error& error) {  // it cannot be encoded
    fail(kStateFile, error);
  }
  begin_write(std::move(files));
  notify(saved);  // at last: when nobody listens any more, this state is kept all the same
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
  write_result(result, directory() / kModelFile);
}

void RunRecorder::flush() {
  notify(settle());
  if (!metrics_waiting_) return;
  begin_write(due_files());  // no state: nothing to notify of
  settle();
}

RunRecorder::Files RunRecorder::lost_files() const {
  std::error_code ignored;  // the write says it better
  const bool removed = std::filesystem::create_directories(directory(), ignored);
  if (!removed && !failures_.contains(kConfigFile)) return {};
  Files files = {{kConfigFile, to_toml(facts_.config)}};
  if (!metrics_.empty()) files.emplace_back(kMetricsFile, metrics_);
  return files;
}

RunRecorder::Files RunRecorder::due_files() {
  Files files = lost_files();
  if (files.empty() && (metrics_waiting_ || failures_.contains(kMetricsFile)))
    files.emplace_back(kMetricsFile, metrics_);
  metrics_waiting_ = false;
  return files;
}

RunRecorder::Written RunRecorder::write_in_order(const std::filesystem::path& directory,
                                                 const Files& files) {
  Written written;
  for (const auto& [file, bytes] : files) {
    auto& problem = written.emplace_back(file, std::nullopt).second;
    try {
      write_file_atomically(directory / file, bytes);
    } catch (const Error& error) {
      problem = error;
    } catch (const std::exception& error) {  // no memory
      problem.emplace(ErrorKind::kRuntime, fmt::format("cannot write '{}': {}",
                                                       (directory / file).string(), error.what()));
    }
  }
  return written;
}

void RunRecorder::begin_write(Files files) {
  if (files.empty()) return;
  const SignalsBlocked blocked;
  // Where no thread can be had, `settle` does it.
  written_ = std::async(std::launch::async | std::launch::deferred, write_in_order, directory(),
                        std::move(files));
}

bool RunRecorder::is_writing() const {
  return written_.valid() &&
         written_.wait_for(std::chrono::seconds(0)) == std::future_status::timeout;
}

nlohmann::ordered_json RunRecorder::settle() {
  nlohmann::ordered_json saved;
  if (!written_.valid()) return saved;
  for (const auto& [file, error] : written_.get()) {
    if (error) {
      fail(file, *error);
      continue;
    }
    failures_.erase(file);
    if (file == kStateFile) saved = saving_;
  }
  return saved;
}

void RunRecorder::notify(const nlohmann::ordered_json& saved) const {
  if (!saved.is_null()) on_saved_(saved);
}

void RunRecorder::notify_if_written() {
  if (!is_writing()) notify(settle());
}

void RunRecorder::write_now(const char* file, const std::string& bytes) {
  Files files = lost_files();
  files.emplace_back(file, bytes);
  for (const auto& [name, content] : files) write_file_atomically(directory() / name, content);
}

void RunRecorder::write_result(const RunResult& result,
                               const std::optional<std::filesystem::path>& model) {
  write_now(kResultFile, result_document(facts_, result, model)
                                 .dump(2, ' ', false, nlohmann::json::error_handler_t::replace) +
                             "\n");
}

void RunRecorder::fail(const std::string& file, const Error& error) {
  failures_.insert_or_assign(file, error);
  on_failed_(error);
}

}  // namespace fmnist
