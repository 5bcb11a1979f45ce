#include "fmnist/sweep/sweep_json.h"

#include <fmt/format.h>

#include <exception>
#include <set>
#include <stdexcept>
#include <system_error>

#include "fmnist/core/error.h"
#include "fmnist/core/files.h"
#include "fmnist/core/text.h"
#include "fmnist/run/results.h"
#include "fmnist/run/resume.h"
#include "fmnist/sweep/journal.h"

namespace fmnist {
namespace {

using nlohmann::ordered_json;

ordered_json text_or_null(const std::string& text) {
  return text.empty() ? ordered_json() : ordered_json(text);
}

ordered_json spread_json(const std::optional<Spread>& spread) {
  if (!spread) return {};
  return {{"mean", spread->mean}, {"sd", spread->sd ? ordered_json(*spread->sd) : ordered_json()}};
}

const char* split_of(Stage stage) { return stage == Stage::kFinal ? "test" : "val"; }

/// What a record says of its end.
void add_outcome(ordered_json& json, const TrialRecord& record) {
  json["seed"] = record.trial.seed;
  json["status"] = to_string(record.status);
  json["epochs"] = record.epochs;
  json[split_of(record.trial.stage)] = to_json(record.figures);
  json["weights_sha256"] = text_or_null(record.weights_sha256);
  if (!record.message.empty()) json["message"] = record.message;
}

ordered_json outcomes_json(const std::vector<TrialRecord>& records) {
  ordered_json outcomes = ordered_json::array();
  for (const TrialRecord& record : records) add_outcome(outcomes.emplace_back(), record);
  return outcomes;
}

ordered_json spreads_json(const std::optional<Spread>& accuracy,
                          const std::optional<Spread>& loss) {
  return {{"accuracy", spread_json(accuracy)}, {"loss", spread_json(loss)}};
}

ordered_json summary_json(const Plan& plan, const SettingSummary& summary) {
  ordered_json summarised = {{"setting", summary.setting},
                             {"values", setting_json(plan, summary.setting)},
                             {"status", to_string(summary.status)},
                             {"epochs", summary.epochs},
                             {"val", spreads_json(summary.accuracy, summary.loss)},
                             {"verdict", to_string(summary.verdict)}};
  if (summary.difference) {
    summarised["difference"] = {{"accuracy", summary.difference->mean},
                                {"standard_error", summary.difference->standard_error},
                                {"p", summary.difference->p},
                                {"p_holm", *summary.corrected_p}};
  }
  summarised["trials"] = outcomes_json(summary.trials);
  return summarised;
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
  const Trial& trial = record.trial;
  ordered_json json = event(trial.stage == Stage::kFinal            ? "final"
                            : record.status == TrialStatus::kPaused ? "rung"
                                                                    : "trial");
  json["trial"] = number_of(plan, trial);
  json["setting"] = trial.setting;
  json["values"] = setting_json(plan, trial.setting);
  add_outcome(json, record);
  json["attempts"] = record.attempts;
  json["seconds"] = record.seconds;
  return json;
}

TrialRecord record_of(const nlohmann::json& trial, Stage stage) {
  TrialRecord record;
  record.status = from_string<TrialStatus>(trial.at("status").get<std::string>()).value();
  record.epochs = trial.at("epochs");
  record.trial = {.stage = stage, .seed = trial.at("seed"), .until = record.epochs};
  record.figures = metrics_from_json(trial.at(split_of(stage)));
  if (!trial.at("weights_sha256").is_null()) record.weights_sha256 = trial.at("weights_sha256");
  record.message = trial.value("message", "");
  record.attempts = trial.value("attempts", 1);
  record.seconds = trial.value("seconds", 0.0);
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
  json["final"] = nullptr;
  if (!finals.empty()) {
    json["final"] = {{"test", spreads_json(spread_over(finals, &Metrics::accuracy),
                                           spread_over(finals, &Metrics::loss))},
                     {"trials", outcomes_json(finals)}};
  }
  return json;
}

ordered_json sweep_document(const Plan& plan, const Provenance& provenance) {
  ordered_json json = plan_event(plan);
  json.update(to_json(provenance));
  json["status"] = "running";
  return json;
}

Provenance check_same_sweep(const std::filesystem::path& path, const ordered_json& document) {
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
  // An option that an older program did not know had its default.
  const nlohmann::json defaults = to_json(Config{});
  for (const auto& [name, ignored] : both.items())
    compare(name, base.value(name, defaults.value(name, nlohmann::json())),
            now.at("base").value(name, nlohmann::json()));
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
  if (differences.empty()) return saved_provenance;
  throw Error(ErrorKind::kCheckpoint,
              fmt::format("'{}' holds another sweep: {}", path.parent_path().string(), differences),
              "give the command that began it, or choose another --output");
}

namespace {

/// The plan that `to_json` wrote; values as they are usually written, not as they were typed.
Plan plan_of(const ordered_json& json) {
  Plan plan;
  plan.base = config_from_json(json.at("base"));
  for (const auto& [key, text] : json.at("vary").items())
    plan.dimensions.push_back(parse_dimension(key + "=" + text.get<std::string>()));
  for (const ordered_json& values : json.at("settings")) {
    const Config config = config_from_json(values);
    Setting& setting = plan.settings.emplace_back();
    for (const Dimension& dimension : plan.dimensions)
      setting.push_back(dimension.option->text(config));
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
  sweep.ranking = rank_settings(records);
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

std::string trials_csv(const Plan& plan, const std::vector<SettingSummary>& ranking) {
  std::vector<std::string> rows(plan.trial_count());
  for (const SettingSummary& summary : ranking) {
    for (const TrialRecord& record : summary.trials) {
      const std::size_t number = number_of(plan, record.trial);
      const auto& figures = record.figures;
      rows[number] = fmt::format(
          "{},{},{},{},{},{},{},{},{}\n", number, summary.setting,
          fmt::join(plan.settings[summary.setting], ","), record.trial.seed,
          to_string(record.status), record.epochs, figures ? json_text(figures->loss) : "",
          figures ? json_text(figures->accuracy) : "", record.weights_sha256);
    }
  }
  std::string csv = "trial,setting";
  for (const Dimension& dimension : plan.dimensions) csv += "," + dimension.option->key();
  csv += ",seed,status,epochs,val_loss,val_accuracy,weights_sha256\n";
  for (const std::string& row : rows) csv += row;
  return csv;
}

}  // namespace fmnist
