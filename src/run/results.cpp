#include "fmnist/run/results.h"

#include <cmath>

#include "fmnist/core/options.h"

namespace fmnist {
namespace {

using nlohmann::ordered_json;

ordered_json event(std::string_view name) {
  return {{"schema", "fmnist-train/1"}, {"event", name}};
}

/// JSON knows no NaN and no infinity.
ordered_json finite(double value) {
  return std::isfinite(value) ? ordered_json(value) : ordered_json();
}

ordered_json to_json(const Metrics& metrics) {
  return {{"loss", finite(metrics.loss)}, {"accuracy", metrics.accuracy}};
}

ordered_json to_json(const BestEpoch& best) {
  return {{"epoch", best.epoch},
          {"val", to_json(best.val)},
          {"test", to_json(best.test)},
          {"weights_sha256", fingerprint(best.parameters)}};
}

ordered_json path_or_null(const std::optional<std::filesystem::path>& path) {
  return path ? ordered_json(path->string()) : ordered_json();
}

/// The shortest text of a number that reads back as the same one.
std::string text(double value) { return ordered_json(value).dump(); }

}  // namespace

ordered_json start_event(const RunFacts& facts) {
  ordered_json json = event("start");
  json["version"] = facts.program_version;
  json["libtorch_version"] = facts.libtorch_version;
  json["config"] = fmnist::to_json(facts.config);
  json["device"] = {{"requested", facts.device.requested},
                    {"used", facts.device.used},
                    {"reason", facts.device.reason}};
  json["engine"] = {
      {"name", facts.engine.name}, {"threads", facts.engine.threads}, {"isa", facts.engine.isa}};
  json["data"] = {{"dir", facts.data_directory.string()},
                  {"sha256", facts.data_sha256},
                  {"verified", facts.data_verified}};
  json["parameters"] = kParameterCount;
  json["output"] = path_or_null(facts.output);
  if (facts.resumed_from) json["resumed_from"] = facts.resumed_from->string();
  return json;
}

ordered_json epoch_event(const EpochFinished& epoch) {
  ordered_json json = event("epoch");
  json["epoch"] = epoch.epoch;
  json["step"] = epoch.step;
  json["lr"] = epoch.learning_rate;
  json["train"] = to_json(epoch.train);
  json[epoch.on_val ? "val" : "test"] = to_json(epoch.evaluated);
  json["seconds"] = {{"train", epoch.seconds.train}, {"evaluate", epoch.seconds.evaluate}};
  json["images_per_second"] = epoch.images_per_second;
  json["weights_sha256"] = epoch.weights_sha256;
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
  json["final"] = result.final ? to_json(*result.final) : ordered_json();
  if (result.best) json["best"] = to_json(*result.best);
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

std::string to_line(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string metrics_csv_header() {
  return "epoch,step,lr,train_loss,train_accuracy,split,loss,accuracy,weights_sha256\n";
}

std::string metrics_csv_row(const EpochFinished& epoch) {
  std::string row = std::to_string(epoch.epoch) + "," + std::to_string(epoch.step);
  for (const double value : {epoch.learning_rate, epoch.train.loss, epoch.train.accuracy})
    row += "," + text(value);
  row += epoch.on_val ? ",val" : ",test";
  for (const double value : {epoch.evaluated.loss, epoch.evaluated.accuracy})
    row += "," + text(value);
  return row + "," + epoch.weights_sha256 + "\n";
}

}  // namespace fmnist
