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
#include "fmnist/run/provenance.h"
#include "fmnist/train/events.h"

namespace fmnist {

/// What is known of a run before its first step and does not change.
struct RunFacts {
  Config config;
  Provenance provenance;
  DeviceChoice device;
  std::optional<std::filesystem::path> resumed_from;
};

/// What a finished or stopped run says of itself in result.json, as far as a report tells it.
struct RunSummary {
  RunStatus status = RunStatus::kFinished;
  std::uint64_t epochs = 0;
  double seconds = 0.0;
  Provenance provenance;
};

/// The beginning of every JSON object this program prints: {"schema", "event"}.
nlohmann::ordered_json event(std::string_view name);

/// The `start`, `checkpoint`, `result` and `error` events: what `--json` prints, a line each.
nlohmann::ordered_json start_event(const RunFacts& facts);
nlohmann::ordered_json checkpoint_event(const std::filesystem::path& path, std::uint64_t epochs,
                                        std::uint64_t step);
nlohmann::ordered_json result_event(const RunResult& result,
                                    const std::optional<std::filesystem::path>& checkpoint);
nlohmann::ordered_json error_event(ErrorKind kind, std::string_view message, std::string_view hint);

/// The content of `result.json`: start and result in one object.
nlohmann::ordered_json result_document(const RunFacts& facts, const RunResult& result,
                                       const std::optional<std::filesystem::path>& checkpoint);

/// Reads the content of a result.json; `name` stands for it in messages. Throws `Error`
/// (kCheckpoint) when it is none.
RunSummary parse_result(std::string_view bytes, const std::string& name);

/// `json` on one line; bytes of a path that are not UTF-8 are replaced.
std::string to_line(const nlohmann::ordered_json& json);

}  // namespace fmnist
