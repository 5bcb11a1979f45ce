#include "fmnist/run/saved_run.h"

#include <algorithm>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "fmnist/core/files.h"
#include "fmnist/core/options.h"
#include "fmnist/run/run_directory.h"

namespace fmnist {
namespace {

using nlohmann::json;

json to_json(const Metrics& metrics) { return {metrics.loss, metrics.accuracy}; }

Metrics metrics_from(const json& values) { return {values.at(0), values.at(1)}; }

/// What a position holds beside tensors and counters.
json progress_to_json(const RunPosition& position) {
  json progress = {
      {"loss", position.epoch_totals.loss},
      {"correct", position.epoch_totals.correct},
      {"count", position.epoch_totals.count},
      {"epoch_seconds", {position.epoch_seconds.train, position.epoch_seconds.evaluate}},
      {"seconds", position.seconds}};
  if (position.best) {
    progress["best"] = {{"epoch", position.best->epoch},
                        {"val", to_json(position.best->val)},
                        {"test", to_json(position.best->test)}};
  }
  return progress;
}

void progress_from_json(const json& progress, RunPosition& position,
                        const std::optional<Parameters>& best) {
  position.epoch_totals = {progress.at("loss"), progress.at("correct"), progress.at("count")};
  position.epoch_seconds = {progress.at("epoch_seconds").at(0), progress.at("epoch_seconds").at(1)};
  position.seconds = progress.at("seconds");
  if (progress.contains("best") != best.has_value()) throw std::invalid_argument("best");
  if (!best) return;
  const json& found = progress.at("best");
  position.best = BestEpoch{found.at("epoch"), metrics_from(found.at("val")),
                            metrics_from(found.at("test")), *best};
}

CheckpointInfo info_of(const RunFacts& facts, std::uint64_t epochs, std::uint64_t step) {
  Config resolved = facts.config;
  find_option("engine")->set(resolved, facts.engine.name);
  find_option("device")->set(resolved, facts.device.used);
  resolved.threads = facts.engine.threads;
  nlohmann::ordered_json settings;
  for (const Option& option : options())
    if (option.saved) settings[option.key()] = option.get(resolved);
  return {epochs,
          step,
          to_line(settings),
          facts.engine.name,
          facts.program_version,
          facts.libtorch_version,
          facts.data_sha256,
          {}};
}

/// The header and the rows of the first `epochs` epochs of a metrics.csv; nothing without a header.
std::string metrics_until(const std::filesystem::path& path, std::uint64_t epochs) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return {};
  const std::string all = read_file(path, ErrorKind::kCheckpoint);
  if (!all.starts_with(metrics_csv_header())) return {};
  std::size_t end = metrics_csv_header().size();
  for (std::uint64_t row = 0; row < epochs && end < all.size(); ++row) {
    const std::size_t newline = all.find('\n', end);
    if (newline == std::string::npos) break;
    end = newline + 1;
  }
  return all.substr(0, end);
}

/// The rows below the header.
std::uint64_t rows_of(const std::string& metrics) {
  const auto lines = static_cast<std::uint64_t>(std::ranges::count(metrics, '\n'));
  return lines - std::min<std::uint64_t>(lines, 1);
}

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& why) {
  throw Error(ErrorKind::kCheckpoint, "cannot resume from '" + path.string() + "': " + why,
              "give --resume the " + std::string(kStateFile) +
                  " of a run, or leave it out to train from the start");
}

}  // namespace

std::string encode_position(const RunPosition& position, const RunFacts& facts) {
  CheckpointInfo info = info_of(facts, position.epochs, position.state.step);
  info.resume = {{"progress", progress_to_json(position).dump()}, {"device", facts.device.used}};
  return encode_training_state(position.state, position.best ? &position.best->parameters : nullptr,
                               info);
}

CheckpointInfo checkpoint_info(const RunFacts& facts, const RunResult& result) {
  return info_of(facts, result.best ? result.best->epoch : result.epochs, result.step);
}

SavedRun load_saved_run(const std::filesystem::path& path) {
  std::error_code ignored;
  const bool directory = std::filesystem::is_directory(path, ignored);
  const std::filesystem::path file = directory ? path / kStateFile : path;
  if (!std::filesystem::exists(file, ignored)) refuse(path, "there is no state of a run");
  Checkpoint checkpoint = load_checkpoint(file);
  if (!checkpoint.state || !checkpoint.info)
    refuse(file, "it holds a model, not the state of a run");
  CheckpointInfo& info = *checkpoint.info;
  SavedRun run;
  run.file = file;
  run.position.state = std::move(*checkpoint.state);
  run.position.epochs = info.epoch;
  try {
    const json settings = json::parse(info.config_json);
    if (!settings.is_object()) throw std::invalid_argument("config");
    run.config = config_from_json(settings);
    progress_from_json(json::parse(info.resume.at("progress")), run.position, checkpoint.best);
    run.device = info.resume.at("device");
  } catch (const std::exception&) {  // digests fit, but no version of ours wrote this
    refuse(file, "its metadata is not that of a run's state");
  }
  run.engine = info.engine;
  run.data_sha256 = info.data_sha256;
  run.program_version = info.program_version;
  run.libtorch_version = info.libtorch_version;
  run.metrics = metrics_until(file.parent_path() / kMetricsFile, info.epoch);
  run.metrics_complete = info.epoch == 0 || rows_of(run.metrics) == info.epoch;
  return run;
}

Config resume_config(const SavedRun& saved, const Config& config,
                     const std::set<std::string>& given, std::vector<SettingConflict>& conflicts) {
  Config used = saved.config;
  for (const Option& option : options()) {
    const bool is_given = given.contains(std::string(option.name));
    const std::string wanted = option.text(config);
    const std::string before = option.text(saved.config);
    const bool grows = option.name == "epochs" && config.epochs > saved.config.epochs;
    if (is_given && option.changes_result && wanted != before && !grows) {
      conflicts.push_back({std::string(option.name), before, wanted});
    } else if (is_given || !option.saved) {
      option.copy(used, config);
    }
  }
  return used;
}

}  // namespace fmnist
