#include "fmnist/run/results.h"

#include <fmt/format.h>

#include <exception>

#include "fmnist/core/options.h"

namespace fmnist {
namespace {

using nlohmann::ordered_json;

ordered_json best_to_json(const BestEpoch& best) {
  return {{"epoch", best.epoch},
          {"val", to_json(best.val)},
          {"test", to_json(best.test)},
          {"weights_sha256", fingerprint(best.parameters)}};
}

ordered_json path_or_null(const std::optional<std::filesystem::path>& path) {
  return path ? ordered_json(path->string()) : ordered_json();
}

}  // namespace

ordered_json event(std::string_view name) {
  return {{"schema", "fmnist-train/1"}, {"event", name}};
}

ordered_json start_event(const RunFacts& facts) {
  ordered_json json = event("start");
  json.update(to_json(facts.provenance));
  json["config"] = to_json(facts.config);
  json["device"] = {{"requested", facts.device.requested},
                    {"used", facts.device.used},
                    {"reason", facts.device.reason}};
  json["parameters"] = kParameterCount;
  json["output"] = path_or_null(facts.config.output);
  if (facts.resumed_from) json["resumed_from"] = facts.resumed_from->string();
  return json;
}

ordered_json checkpoint_event(const std::filesystem::path& path, std::uint64_t epochs,
                              std::uint64_t step) {
  ordered_json json = event("checkpoint");
  json["path"] = path.string();
  json["epoch"] = epochs;
  json["step"] = step;
  return json;
}

ordered_json result_event(const RunResult& result,
                          const std::optional<std::filesystem::path>& checkpoint) {
  ordered_json json = event("result");
  json["status"] = to_string(result.status);
  json["epochs"] = result.epochs;
  json["step"] = result.step;
  json["final"] = to_json(result.final);
  if (result.best) json["best"] = best_to_json(*result.best);
  json["seconds"] = result.seconds;
  json["weights_sha256"] = fingerprint(result.parameters);
  json["checkpoint"] = path_or_null(checkpoint);
  return json;
}

ordered_json error_event(ErrorKind kind, std::string_view message, std::string_view hint) {
  ordered_json json = event("error");
  json["code"] = static_cast<int>(kind);
  json["kind"] = to_string(kind);
  json["message"] = message;
  json["hint"] = hint;
  return json;
}

ordered_json result_document(const RunFacts& facts, const RunResult& result,
                             const std::optional<std::filesystem::path>& checkpoint) {
  ordered_json json = start_event(facts);
  json.update(result_event(result, checkpoint));
  return json;
}

RunSummary parse_result(std::string_view bytes, const std::string& name) {
  try {
    nlohmann::json json = nlohmann::json::parse(bytes);
    if (!json.at("engine").contains("device"))  // in those of before
      json["engine"]["device"] = json.at("device").at("used");
    return {.status = from_string<RunStatus>(json.at("status").get<std::string>()).value(),
            .epochs = json.at("epochs"),
            .seconds = json.at("seconds"),
            .provenance = provenance_from_json(json)};
  } catch (const std::exception&) {
    throw Error(ErrorKind::kCheckpoint,
                fmt::format("cannot read '{}': it is not the result of a run", name),
                "restore the file as the run wrote it, or remove it");
  }
}

std::string to_line(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace fmnist
