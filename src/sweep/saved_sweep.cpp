#include "fmnist/sweep/saved_sweep.h"

#include <fmt/format.h>

#include <exception>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "fmnist/core/error.h"
#include "fmnist/core/files.h"
#include "fmnist/core/options.h"
#include "fmnist/sweep/journal.h"
#include "fmnist/sweep/sweep_json.h"

namespace fmnist {
namespace {

using nlohmann::ordered_json;

/// The plan that `to_json` wrote; values as they are usually written, not as they were typed.
Plan plan_of(const ordered_json& json) {
  Plan plan;
  plan.base = config_from_json(json.at("base"));
  for (const auto& [key, text] : json.at("vary").items())
    plan.dimensions.push_back(parse_dimension(key + "=" + text.get<std::string>()));
  for (const ordered_json& values : json.at("settings")) {
    const Config config = config_from_json(values);
    Setting& setting = plan.settings.emplace_back();
    for (const Dimension& dimension : plan.dimensions) {
      const std::string text = dimension.option->text(config);
      const bool flag = dimension.option->is_flag();
      setting.push_back(flag ? dimension.option->get(config).dump() : text);
    }
  }
  plan.seeds = json.at("seeds").get<std::vector<std::uint64_t>>();
  if (!json.at("halving").is_null()) plan.halving = json.at("halving");
  plan.rungs = json.at("rungs").get<std::vector<std::uint64_t>>();
  return plan;
}

/// Adds the records in `trials`, which must be of `setting` with every seed.
void add_records(const ordered_json& trials, std::size_t setting, Stage stage, const Plan& plan,
                 std::vector<TrialRecord>& records) {
  std::vector<std::uint64_t> seeds;
  for (const ordered_json& trial : trials) {
    records.push_back(record_of(trial, stage));
    records.back().trial.setting = setting;
    seeds.push_back(records.back().trial.seed);
  }
  if (seeds != plan.seeds) throw std::invalid_argument("seeds");
}

SavedSweep saved_sweep_of(const ordered_json& json) {
  SavedSweep sweep;
  sweep.plan = plan_of(json);
  std::vector<TrialRecord> records;
  std::set<std::size_t> settings;
  for (const ordered_json& summary : json.at("ranking")) {
    settings.insert(summary.at("setting").get<std::size_t>());
    add_records(summary.at("trials"), summary.at("setting"), Stage::kSearch, sweep.plan, records);
  }
  const std::size_t count = sweep.plan.settings.size();
  if (settings.empty() || settings.size() != count || *settings.rbegin() + 1 != count)
    throw std::invalid_argument("settings");
  sweep.ranking = rank_settings(std::move(records));
  compare_with_best(sweep.ranking);
  if (!json.at("final").is_null()) {
    add_records(json.at("final").at("trials"), sweep.ranking.front().setting, Stage::kFinal,
                sweep.plan, sweep.finals);
  }
  if (!json.at("retrain").is_null()) sweep.retrain = json.at("retrain");
  sweep.provenance = provenance_from_json(json);
  return sweep;
}

}  // namespace

bool holds_sweep(const std::filesystem::path& directory) {
  std::error_code ignored;
  return std::filesystem::exists(directory / kSweepFile, ignored);
}

SavedSweep load_sweep(const std::filesystem::path& directory) {
  const auto path = directory / kSweepFile;
  const auto json =
      ordered_json::parse(read_file(path, ErrorKind::kCheckpoint), nullptr, /*exceptions=*/false);
  if (json.is_object() && json.contains("status") && json["status"] != "finished") {
    throw Error(
        ErrorKind::kCheckpoint,
        fmt::format("the sweep in '{}' has not ended: it has no result yet", directory.string()),
        "finish it: give the command that began it, with --resume");
  }
  try {
    SavedSweep sweep = saved_sweep_of(json);
    sweep.directory = directory;
    return sweep;
  } catch (const std::exception&) {
    throw Error(ErrorKind::kCheckpoint,
                fmt::format("'{}' does not hold a sweep's result", path.string()),
                "restore the file, or give the sweep's command again with --resume");
  }
}

}  // namespace fmnist
