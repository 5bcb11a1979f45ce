#include "fmnist/sweep/sweep_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <exception>
#include <stdexcept>

#include "fmnist/core/error.h"
#include "fmnist/core/files.h"
#include "fmnist/run/results.h"
#include "fmnist/run/resume.h"

namespace fmnist {
namespace {

using nlohmann::ordered_json;

constexpr std::array kStatuses = {TrialStatus::kPaused, TrialStatus::kFinished,
                                  TrialStatus::kDropped, TrialStatus::kDiverged,
                                  TrialStatus::kFailed};

ordered_json text_or_null(const std::string& text) {
  return text.empty() ? ordered_json() : ordered_json(text);
}

ordered_json spread_json(const std::optional<Spread>& spread) {
  if (!spread) return {};
  return {{"mean", spread->mean}, {"sd", spread->sd ? ordered_json(*spread->sd) : ordered_json()}};
}

/// What every event of a trial ends with.
void add_outcome(ordered_json& event, const char* split, const TrialRecord& record) {
  event["status"] = to_string(record.status);
  event["epochs"] = record.epochs;
  event[split] = to_json(record.figures);
  event["weights_sha256"] = text_or_null(record.weights_sha256);
  if (!record.message.empty()) event["message"] = record.message;
}

ordered_json summary_json(const Plan& plan, const SettingSummary& summary) {
  ordered_json summarised = {
      {"setting", summary.setting},
      {"values", setting_json(plan, summary.setting)},
      {"status", to_string(summary.status)},
      {"epochs", summary.epochs},
      {"val", {{"accuracy", spread_json(summary.accuracy)}, {"loss", spread_json(summary.loss)}}},
      {"verdict", to_string(summary.verdict)}};
  if (summary.difference) {
    summarised["difference"] = {{"accuracy", summary.difference->mean},
                                {"standard_error", summary.difference->standard_error},
                                {"p", summary.difference->p},
                                {"p_holm", *summary.corrected_p}};
  }
  summarised["trials"] = ordered_json::array();
  for (const TrialRecord& record : summary.trials) {
    ordered_json trial = {{"seed", plan.seed_of(record.trial)}};
    add_outcome(trial, "val", record);
    summarised["trials"].push_back(std::move(trial));
  }
  return summarised;
}

ordered_json finals_json(const Plan& plan, const std::vector<TrialRecord>& finals) {
  ordered_json trials = ordered_json::array();
  for (const TrialRecord& record : finals) {
    ordered_json trial = {{"seed", plan.seeds[record.trial]}};
    add_outcome(trial, "test", record);
    trials.push_back(std::move(trial));
  }
  return {{"test",
           {{"accuracy", spread_json(spread_over(finals, &Metrics::accuracy))},
            {"loss", spread_json(spread_over(finals, &Metrics::loss))}}},
          {"trials", trials}};
}

/// The options of a trial as one types them, for programs that run the trials themselves: what all
/// have in common and is not the default, and each setting's values.
ordered_json typed_json(const Plan& plan) {
  const Config defaults;
  ordered_json base = ordered_json::object();
  for (const Option& option : options()) {
    const std::string text = option.text(plan.base);
    if (option.saved && !varies(plan, option) && text != option.text(defaults))
      base[std::string(option.name)] = text;
  }
  ordered_json settings = ordered_json::array();
  for (const Setting& setting : plan.settings) {
    ordered_json& values = settings.emplace_back(ordered_json::object());
    for (std::size_t d = 0; d < plan.dimensions.size(); ++d)
      values[std::string(plan.dimensions[d].option->name)] = setting[d];
  }
  return {{"base", base}, {"settings", settings}};
}

}  // namespace

ordered_json plan_event(const Plan& plan) {
  ordered_json json = event("plan");
  json.update(to_json(plan));
  json["typed"] = typed_json(plan);
  return json;
}

ordered_json trial_event(const Plan& plan, const TrialRecord& record) {
  ordered_json json = event(record.status == TrialStatus::kPaused ? "rung" : "trial");
  const std::size_t setting = plan.setting_of(record.trial);
  json["trial"] = record.trial;
  json["setting"] = setting;
  json["values"] = setting_json(plan, setting);
  json["seed"] = plan.seed_of(record.trial);
  add_outcome(json, "val", record);
  json["attempts"] = record.attempts;
  json["seconds"] = record.seconds;
  return json;
}

ordered_json final_event(const Plan& plan, std::size_t setting, std::size_t k,
                         const TrialRecord& record) {
  ordered_json json = event("final");
  json["trial"] = k;
  json["setting"] = setting;
  json["values"] = setting_json(plan, setting);
  json["seed"] = plan.seeds[k];
  add_outcome(json, "test", record);
  json["attempts"] = record.attempts;
  json["seconds"] = record.seconds;
  return json;
}

TrialRecord outcome_of(const nlohmann::json& outcome, const char* split) {
  TrialRecord record;
  const std::string status = outcome.at("status");
  const auto* const found =
      std::find_if(kStatuses.begin(), kStatuses.end(),
                   [&](TrialStatus known) { return status == to_string(known); });
  if (found == kStatuses.end()) throw std::invalid_argument("status");
  record.status = *found;
  record.epochs = outcome.at("epochs");
  record.figures = metrics_from_json(outcome.at(split));
  if (!outcome.at("weights_sha256").is_null()) record.weights_sha256 = outcome.at("weights_sha256");
  record.message = outcome.value("message", "");
  return record;
}

TrialRecord record_of(const nlohmann::json& event) {
  TrialRecord record = outcome_of(event, event.at("event") == "final" ? "test" : "val");
  record.trial = event.at("trial");
  record.seconds = event.at("seconds");
  record.attempts = event.at("attempts");
  return record;
}

ordered_json sweep_result_event(const Plan& plan, const std::vector<SettingSummary>& ranking,
                                const std::vector<TrialRecord>& finals,
                                const std::string& retrain) {
  ordered_json json = event("result");
  json["status"] = "finished";
  const SettingSummary* best = winner(ranking);
  json["winner"] = best == nullptr ? ordered_json()
                                   : ordered_json{{"setting", best->setting},
                                                  {"values", setting_json(plan, best->setting)}};
  json["retrain"] = text_or_null(retrain);
  json["ranking"] = ordered_json::array();
  for (const SettingSummary& summary : ranking)
    json["ranking"].push_back(summary_json(plan, summary));
  json["final"] = finals.empty() ? ordered_json() : finals_json(plan, finals);
  return json;
}

ordered_json sweep_document(const Plan& plan, const Provenance& provenance) {
  ordered_json json = plan_event(plan);
  json.update(to_json(provenance));
  json["status"] = "running";
  return json;
}

void check_same_sweep(const std::filesystem::path& path, const ordered_json& document) {
  const nlohmann::json saved =
      nlohmann::json::parse(read_file(path, ErrorKind::kCheckpoint), nullptr, false);
  Provenance saved_provenance;
  try {
    saved.at("settings");
    saved_provenance = provenance_from_json(saved);
  } catch (const std::exception&) {
    throw Error(ErrorKind::kCheckpoint, fmt::format("'{}' does not hold a sweep", path.string()),
                "start anew with --overwrite");
  }
  std::string differences;
  const auto add = [&](const std::string& name, const std::string& before, const std::string& now) {
    differences += fmt::format("{}{} was {} and is now {}", differences.empty() ? "" : ", ", name,
                               before, now);
  };
  const auto compare = [&](const std::string& name, const nlohmann::json& before,
                           const nlohmann::json& now) {
    if (before != now) add(name, before.dump(), now.dump());
  };
  const nlohmann::json now = document;
  const nlohmann::json base = saved.value("base", nlohmann::json::object());
  nlohmann::json both = base;
  both.update(now.at("base"));
  for (const auto& [name, ignored] : both.items())
    compare(name, base.value(name, nlohmann::json()), now.at("base").value(name, nlohmann::json()));
  for (const auto& [option, before, given] :
       conflicts_between(saved_provenance.engine, provenance_from_json(now).engine))
    add(option, before, given);
  compare("data", saved_provenance.data.sha256, now.at("data").at("sha256"));
  for (const char* key : {"seeds", "halving"})
    compare(key, saved.value(key, nlohmann::json()), now.at(key));
  if (saved.at("settings") != now.at("settings")) {
    const auto settings_of = [](const nlohmann::json& sweep) {
      return nlohmann::json{{"vary", sweep.value("vary", nlohmann::json())},
                            {"settings", sweep.at("settings").size()}};
    };
    compare("what varies", settings_of(saved), settings_of(now));
  }
  if (differences.empty()) return;
  throw Error(ErrorKind::kCheckpoint,
              "'" + path.parent_path().string() + "' holds another sweep: " + differences,
              "give the command that began it, or choose another --output");
}

std::string trials_csv(const Plan& plan, const std::vector<SettingSummary>& ranking) {
  std::vector<std::string> rows(plan.trial_count());
  for (const SettingSummary& summary : ranking) {
    for (const TrialRecord& record : summary.trials) {
      std::string row = std::to_string(record.trial) + "," + std::to_string(summary.setting);
      for (const std::string& value : plan.settings[summary.setting]) row += "," + value;
      row += "," + std::to_string(plan.seed_of(record.trial)) + "," + to_string(record.status) +
             "," + std::to_string(record.epochs);
      const auto figures = record.figures;
      row += figures ? "," + nlohmann::json(figures->loss).dump() + "," +
                           nlohmann::json(figures->accuracy).dump()
                     : std::string(",,");
      rows[record.trial] = row + "," + record.weights_sha256 + "\n";
    }
  }
  std::string csv = "trial,setting";
  for (const Dimension& dimension : plan.dimensions) csv += "," + dimension.option->key();
  csv += ",seed,status,epochs,val_loss,val_accuracy,weights_sha256\n";
  for (const std::string& row : rows) csv += row;
  return csv;
}

}  // namespace fmnist
