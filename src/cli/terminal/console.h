#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "fmnist/run/results.h"
#include "fmnist/train/events.h"

namespace fmnist {

/// Log lines in the book's format of a run on `engine`, in the log files and, where `on_console`,
/// on standard error.
std::unique_ptr<Observer> log_lines(const EngineInfo& engine, bool on_console);

/// Results for people on standard output: a line per epoch and a closing line that names the model
/// in `output`, if any.
std::unique_ptr<Observer> result_lines(const std::optional<std::filesystem::path>& output);

/// The `start`, `epoch` and `result` events as JSON lines on standard output.
std::unique_ptr<Observer> json_lines(const RunFacts& facts);

/// The progress bar of a training run. It only listens: the engine is not asked for anything.
std::unique_ptr<Observer> training_bar();

}  // namespace fmnist
