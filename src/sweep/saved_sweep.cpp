#include "fmnist/sweep/saved_sweep.h"

#include <exception>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <system_error>

#include "fmnist/core/error.h"
#include "fmnist/core/files.h"
#include "fmnist/core/options.h"
#include "fmnist/sweep/sweep.h"
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

/// The records of all trials by their number.
std::vector<TrialRecord> records_of(const ordered_json& json, const Plan& plan) {
  std::vector<TrialRecord> records(plan.trial_count());
  if (json.at("ranking").size() != plan.settings.size()) throw std::invalid_argument("ranking");
  for (const ordered_json& summary : json.at("ranking")) {
    const ordered_json& trials = summary.at("trials");
    if (trials.size() != plan.seeds.size()) throw std::invalid_argument("trials");
    for (std::size_t k = 0; k < trials.size(); ++k) {
      const std::size_t trial = plan.trial_of(summary.at("setting"), k);
      records.at(trial) = outcome_of(trials[k], "val");
      records[trial].trial = trial;
    }
  }
  return records;
}

std::vector<TrialRecord> finals_of(const ordered_json& json, const Plan& plan) {
  std::vector<TrialRecord> finals;
  if (json.at("final").is_null()) return finals;
  const ordered_json& trials = json.at("final").at("trials");
  if (trials.size() != plan.seeds.size()) throw std::invalid_argument("final");
  for (std::size_t k = 0; k < trials.size(); ++k)
    finals.emplace_back(outcome_of(trials[k], "test")).trial = k;
  return finals;
}

SavedSweep saved_sweep_of(const ordered_json& json) {
  SavedSweep sweep;
  sweep.plan = plan_of(json);
  const auto records = records_of(json, sweep.plan);
  sweep.ranking = rank_settings(sweep.plan, all_settings(sweep.plan),
                                [&](std::size_t trial) { return records[trial]; });
  if (sweep.ranking.empty()) throw std::invalid_argument("settings");
  compare_with_best(sweep.ranking);
  sweep.finals = finals_of(json, sweep.plan);
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
    throw Error(ErrorKind::kCheckpoint,
                "the sweep in '" + directory.string() + "' has not ended: it has no result yet",
                "finish it: give the command that began it, with --resume");
  }
  try {
    SavedSweep sweep = saved_sweep_of(json);
    sweep.directory = directory;
    return sweep;
  } catch (const std::exception&) {
    throw Error(ErrorKind::kCheckpoint, "'" + path.string() + "' does not hold a sweep's result",
                "restore the file, or give the sweep's command again with --resume");
  }
}

}  // namespace fmnist
