#pragma once

#include <filesystem>
#include <optional>

#include "fmnist/run/run_recorder.h"

namespace fmnist {

/// Log lines in the book's format, in the log files and, where `on_console`, on standard error.
class LogLines final : public Observer {
 public:
  LogLines(EngineInfo engine, bool on_console)
      : engine_(std::move(engine)), on_console_(on_console) {}

  void on_start(const RunStarted& start) override;
  void on_progress(const TrainProgress& progress) override;

 private:
  EngineInfo engine_;
  bool on_console_;
};

/// Results for people on standard output: a line per epoch and a closing line.
class ResultLines final : public Observer {
 public:
  explicit ResultLines(std::optional<std::filesystem::path> output) : output_(std::move(output)) {}

  void on_epoch(const EpochFinished& epoch) override;
  void on_finish(const RunResult& result) override;

 private:
  std::optional<std::filesystem::path> output_;
};

/// The `start`, `epoch`, `checkpoint` and `result` events as JSON lines on standard output.
class JsonLines final : public Observer {
 public:
  explicit JsonLines(RunFacts facts) : facts_(std::move(facts)) {}

  void on_start(const RunStarted& start) override;
  void on_epoch(const EpochFinished& epoch) override;
  void on_finish(const RunResult& result) override;
  void saved(const std::filesystem::path& path, const RunRecorder::SavedState& state);

 private:
  RunFacts facts_;
};

}  // namespace fmnist
