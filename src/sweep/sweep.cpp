#include "fmnist/sweep/sweep.h"

#include <algorithm>
#include <utility>

#include "fmnist/core/error.h"
#include "fmnist/core/files.h"
#include "fmnist/run/checkpoint.h"
#include "fmnist/run/results.h"
#include "fmnist/sweep/side_by_side.h"
#include "fmnist/sweep/sweep_json.h"

namespace fmnist {
namespace {

namespace fs = std::filesystem;

/// What a trial sees of the test set.
const Split kNoImages;

void remove_file(const fs::path& path) {
  std::error_code ignored;  // it is overwritten or removed later
  fs::remove(path, ignored);
}

bool is_over(const TrialRecord& record) { return record.status != TrialStatus::kPaused; }

/// The complete lines of the journal; a line that a kill cut off is removed from the file.
std::vector<std::string> journal_lines(const fs::path& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return {};
  std::string text = read_file(path, ErrorKind::kCheckpoint);
  const std::size_t whole = text.find_last_of('\n') + 1;  // 0 without a line break
  if (whole < text.size()) {
    text.resize(whole);
    write_file_atomically(path, text);
  }
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

}  // namespace

Sweep::Sweep(const Plan& plan, const SweepSetup& setup, fs::path directory, int jobs,
             SweepListener listener)
    : plan_(plan),
      setup_(setup),
      directory_(std::move(directory)),
      jobs_(jobs),
      listener_(std::move(listener)),
      histories_(plan.trial_count()) {
  fs::create_directories(directory_ / kStatesFolder);
}

std::size_t Sweep::load_journal() {
  const fs::path path = directory_ / kJournalFile;
  std::size_t number = 0;
  for (const std::string& line : journal_lines(path)) {
    ++number;
    try {
      const auto event = nlohmann::json::parse(line);
      TrialRecord record = record_of(event);
      if (record.status == TrialStatus::kFailed) continue;
      if (event.at("event") == "final") {
        if (event.at("setting") != final_setting_) finals_.clear();
        final_setting_ = event.at("setting");
        finals_[event.at("trial")] = std::move(record);
        continue;
      }
      History& history = histories_.at(record.trial);
      if (record.status == TrialStatus::kDropped) {
        history.dropped = true;
      } else {
        history.rungs.push_back(std::move(record));
      }
    } catch (const std::exception&) {
      throw Error(ErrorKind::kCheckpoint,
                  "line " + std::to_string(number) + " of '" + path.string() +
                      "' is not an event of this sweep",
                  "remove that line, and the trial runs again, or start anew with --overwrite");
    }
  }
  return static_cast<std::size_t>(
      std::count_if(histories_.begin(), histories_.end(), [](const History& history) {
        return history.dropped || (!history.rungs.empty() && is_over(history.rungs.back()));
      }));
}

std::vector<TrialRecord> Sweep::latest() const {
  std::vector<TrialRecord> records;
  for (const History& history : histories_) {
    if (history.rungs.empty()) continue;
    records.push_back(history.rungs.back());
    if (history.dropped) records.back().status = TrialStatus::kDropped;
  }
  return records;
}

bool Sweep::run() {
  std::vector<std::size_t> settings = all_settings(plan_);
  for (std::size_t rung = 0; rung < rung_count(); ++rung) {
    if (!run_rung(settings, rung)) return false;
    if (rung + 1 < rung_count()) settings = choose(settings, rung);
  }
  return true;
}

std::uint64_t Sweep::epochs_until(std::size_t rung, const Config& config) const {
  return plan_.rungs.empty() ? static_cast<std::uint64_t>(config.epochs) : plan_.rungs[rung];
}

bool Sweep::run_rung(const std::vector<std::size_t>& settings, std::size_t rung) {
  std::vector<std::size_t> missing;
  for (const std::size_t setting : settings) {
    for (std::size_t k = 0; k < plan_.seeds.size(); ++k) {
      const std::size_t trial = plan_.trial_of(setting, k);
      const auto& rungs = histories_[trial].rungs;
      const bool over = !rungs.empty() && is_over(rungs.back());
      if (!over && rungs.size() <= rung) missing.push_back(trial);
    }
  }
  return run_side_by_side(missing.size(), jobs_,
                          [&](std::size_t i) { return run_one(missing[i], rung); });
}

bool Sweep::run_one(std::size_t trial, std::size_t rung) {
  const std::uint64_t seed = plan_.seed_of(trial);
  const std::size_t setting = plan_.setting_of(trial);
  const Config config = trial_config(plan_, setting, seed);
  const TrialTask task{config, &kNoImages, epochs_until(rung, config),
                       state_of("trial-" + std::to_string(trial))};
  auto run = run_with_retry(task, name_of(setting, seed));
  if (!run) return false;
  run->record.trial = trial;
  record(run->record);
  if (run->record.status == TrialStatus::kPaused) {
    keep_position(task, run->position, setup_);
  } else {
    remove_file(task.state);
  }
  return true;
}

std::optional<TrialRun> Sweep::run_with_retry(const TrialTask& task, const std::string& name) {
  for (int attempt = 1;; ++attempt) {
    std::string why;
    try {
      if (setup_.stop()) return std::nullopt;
      auto run = run_trial(task, setup_, listener_.trainings);
      if (run) run->record.attempts = attempt;
      return run;
    } catch (const std::exception& error) {
      why = error.what();
      why = why.substr(0, why.find('\n'));
    }
    remove_file(task.state);  // it may be the reason
    if (attempt == 2) {
      TrialRun run;
      run.record.status = TrialStatus::kFailed;
      run.record.message = why;
      run.record.attempts = attempt;
      return run;
    }
    const std::lock_guard lock(mutex_);
    listener_.warning(name + " failed, trying once more: " + why);
  }
}

void Sweep::record(const TrialRecord& record) {
  const std::lock_guard lock(mutex_);
  const auto event = trial_event(plan_, record);
  append_line(directory_ / kJournalFile, to_line(event));
  History& history = histories_[record.trial];
  if (record.status == TrialStatus::kDropped) {
    history.dropped = true;
  } else {
    history.rungs.push_back(record);
  }
  listener_.trial(record, event);
}

std::vector<std::size_t> Sweep::choose(const std::vector<std::size_t>& settings, std::size_t rung) {
  const auto ranked = rank_settings(plan_, settings, [&](std::size_t trial) {
    const auto& rungs = histories_[trial].rungs;
    return rungs[std::min(rung, rungs.size() - 1)];
  });
  const std::size_t kept = std::max<std::size_t>(1, settings.size() / plan_.halving);
  std::vector<std::size_t> chosen;
  for (std::size_t place = 0; place < ranked.size(); ++place) {
    if (place < kept) {
      chosen.push_back(ranked[place].setting);
    } else {
      drop(ranked[place].setting);
    }
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

void Sweep::drop(std::size_t setting) {
  for (std::size_t k = 0; k < plan_.seeds.size(); ++k) {
    const std::size_t trial = plan_.trial_of(setting, k);
    const History& history = histories_[trial];
    if (history.dropped || is_over(history.rungs.back())) continue;
    TrialRecord dropped = history.rungs.back();
    dropped.status = TrialStatus::kDropped;
    record(dropped);
    remove_file(state_of("trial-" + std::to_string(trial)));
  }
}

bool Sweep::run_final(std::size_t setting) {
  if (final_setting_ != setting) finals_.clear();
  final_setting_ = setting;
  fs::create_directories(directory_ / kModelsFolder);
  std::vector<std::size_t> missing;
  for (std::size_t k = 0; k < plan_.seeds.size(); ++k)
    if (!finals_.contains(k)) missing.push_back(k);
  return run_side_by_side(missing.size(), jobs_,
                          [&](std::size_t i) { return run_final_seed(setting, missing[i]); });
}

bool Sweep::run_final_seed(std::size_t setting, std::size_t number) {
  const std::uint64_t seed = plan_.seeds[number];
  Config config = trial_config(plan_, setting, seed);
  config.val_split = 0;
  const std::string file = "seed-" + std::to_string(seed) + ".safetensors";
  const TrialTask task{config, &setup_.dataset->test, static_cast<std::uint64_t>(config.epochs),
                       state_of("final-" + std::to_string(setting) + "-" + std::to_string(seed))};
  auto run = run_with_retry(task, "the final training of " + name_of(setting, seed));
  if (!run) return false;
  run->record.trial = number;
  if (run->record.status == TrialStatus::kFinished) {
    write_file_atomically(directory_ / kModelsFolder / file,
                          encode_model(run->result, config, setup_.provenance));
  }
  const std::lock_guard lock(mutex_);
  const auto event = final_event(plan_, setting, number, run->record);
  append_line(directory_ / kJournalFile, to_line(event));
  finals_[number] = run->record;
  listener_.final(run->record, event);
  remove_file(task.state);
  return true;
}

std::vector<SettingSummary> Sweep::ranking() const {
  auto ranked = rank_settings(plan_, all_settings(plan_), [&](std::size_t trial) {
    TrialRecord record = histories_[trial].rungs.back();
    if (record.status == TrialStatus::kPaused) record.status = TrialStatus::kDropped;
    return record;
  });
  compare_with_best(ranked);
  return ranked;
}

std::vector<TrialRecord> Sweep::finals() const {
  std::vector<TrialRecord> records;
  for (const auto& [number, record] : finals_) records.push_back(record);
  return records;
}

bool Sweep::has_failures() const {
  const auto failed = [](const TrialRecord& record) {
    return record.status == TrialStatus::kFailed;
  };
  return std::any_of(histories_.begin(), histories_.end(),
                     [&](const History& history) { return failed(history.rungs.back()); }) ||
         std::any_of(finals_.begin(), finals_.end(),
                     [&](const auto& entry) { return failed(entry.second); });
}

std::string Sweep::name_of(std::size_t setting, std::uint64_t seed) const {
  return setting_text(plan_, setting) + " with seed " + std::to_string(seed);
}

fs::path Sweep::state_of(const std::string& name) const {
  return directory_ / kStatesFolder / (name + ".safetensors");
}

}  // namespace fmnist
