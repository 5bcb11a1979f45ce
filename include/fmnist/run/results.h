#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "fmnist/core/config.h"
#include "fmnist/core/error.h"
#include "fmnist/engine/engine.h"
#include "fmnist/train/events.h"

namespace fmnist {

/// What is known of a run before its first step and does not change.
struct RunFacts {
  Config config;
  std::string program_version;
  std::string libtorch_version;
  DeviceChoice device;
  EngineInfo engine;
  std::filesystem::path data_directory;
  std::string data_sha256;
  bool data_verified = false;
  std::optional<std::filesystem::path> output;
  std::optional<std::filesystem::path> resumed_from;
};

/// The `start`, `epoch`, `checkpoint`, `result` and `error` events, schema "fmnist-train/1": what
/// `--json` prints, a line each.
nlohmann::ordered_json start_event(const RunFacts& facts);
nlohmann::ordered_json epoch_event(const EpochFinished& epoch);
nlohmann::ordered_json checkpoint_event(const std::filesystem::path& path, std::uint64_t epochs,
                                        std::uint64_t step);
nlohmann::ordered_json result_event(const RunResult& result,
                                    const std::optional<std::filesystem::path>& checkpoint);
nlohmann::ordered_json error_event(ErrorKind kind, std::string_view message, std::string_view hint);

/// The content of `result.json`: start and result in one object.
nlohmann::ordered_json result_document(const RunFacts& facts, const RunResult& result,
                                       const std::optional<std::filesystem::path>& checkpoint);

/// `json` on one line; bytes of a path that are not UTF-8 are replaced.
std::string to_line(const nlohmann::ordered_json& json);

/// The header and one row (newline included) of `metrics.csv`. It holds no times: a resumed run
/// writes the same bytes as one that was never stopped.
std::string metrics_csv_header();
std::string metrics_csv_row(const EpochFinished& epoch);

}  // namespace fmnist
