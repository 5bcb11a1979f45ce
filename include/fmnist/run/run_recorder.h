#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fmnist/run/results.h"

namespace fmnist {

/// Writes the files of a run directory as the run goes on, each replaced atomically. Training does
/// not wait for the disk, unless a state comes before the one before it is written: every state is.
/// A later call tells whether a write succeeded. A file that cannot be written while the run goes
/// on does not end it (the disk may have room again at the next try); at the end of the run it
/// does.
class RunRecorder final : public Observer {
 public:
  /// Hear of its work, on the thread that calls it: of a state that was saved, the `checkpoint`
  /// event.
  using OnFailed = std::function<void(const Error&)>;
  using OnSaved = std::function<void(const nlohmann::ordered_json&)>;

  /// Writes config.toml into `facts.config.output`, and metrics.csv where `metrics`, its content so
  /// far, is not empty. Throws `Error` (kRuntime) when it cannot.
  RunRecorder(
      RunFacts facts, std::string metrics, OnFailed on_failed,
      OnSaved on_saved = [](const auto&) {});
  /// Writes what waits.
  ~RunRecorder() override;

  void on_start(const RunStarted&) override { notify_if_written(); }
  void on_progress(const TrainProgress&) override { notify_if_written(); }
  void on_step(const StepDone&) override;
  void on_epoch(const EpochFinished& epoch) override;
  void on_position(const RunPosition& position) override;
  /// Throws `Error` (kRuntime) when this or the last write of another file failed; not for a
  /// diverged run, of which there is worse to tell.
  void on_finish(const RunResult& result) override;

  /// Waits until all files are written, or could not be, and tells of it.
  void flush();

 private:
  using Files = std::vector<std::pair<std::string, std::string>>;  // names with their bytes
  using Written = std::vector<std::pair<std::string, std::optional<Error>>>;

  static Written write_in_order(const std::filesystem::path& directory, const Files& files);

  const std::filesystem::path& directory() const { return *facts_.config.output; }
  /// What is known of the files that the directory lost when it was removed under us.
  Files lost_files() const;
  /// Likewise, and the metrics where they wait or could not be written.
  Files due_files();
  /// Begins to write `files` on a thread of its own; nothing else may be under way.
  void begin_write(Files files);
  bool is_writing() const;
  /// Waits for the write under way, if any, and notes what failed. Returns the event of the state
  /// it saved, else null.
  nlohmann::ordered_json settle();
  void notify(const nlohmann::ordered_json& saved) const;
  void notify_if_written();
  void write_now(const char* file, const std::string& bytes);
  void write_result(const RunResult& result, const std::optional<std::filesystem::path>& model);
  void fail(const std::string& file, const Error& error);

  RunFacts facts_;
  std::string metrics_;           // all of metrics.csv
  bool metrics_waiting_ = false;  // has rows that no write has begun with
  OnFailed on_failed_;
  OnSaved on_saved_;
  std::map<std::string, Error> failures_;  // by file, until its next success
  std::future<Written> written_;           // of the write under way, if any
  nlohmann::ordered_json saving_;          // the event of the state in it, if any
};

}  // namespace fmnist
