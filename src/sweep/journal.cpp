#include "fmnist/sweep/journal.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "fmnist/core/error.h"
#include "fmnist/core/files.h"
#include "fmnist/sweep/sweep_json.h"

namespace fmnist {
namespace {

namespace fs = std::filesystem;

/// The complete lines of the journal; a line that a kill cut off is removed from the file.
std::string journal_lines(const fs::path& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return {};
  std::string text = read_file(path, ErrorKind::kCheckpoint);
  const std::size_t whole = text.find_last_of('\n') + 1;  // 0 without a line break
  if (whole < text.size()) {
    text.resize(whole);
    write_file_atomically(path, text);
  }
  return text;
}

bool is_over(const TrialRecord& record) { return record.status != TrialStatus::kPaused; }

/// By setting and seed, of one stage.
using TrialKey = std::pair<std::size_t, std::uint64_t>;

TrialKey key_of(const Trial& trial) { return {trial.setting, trial.seed}; }

/// The last record of every trial of `stage` that has one.
std::map<TrialKey, const TrialRecord*> last_of(std::span<const TrialRecord> journal, Stage stage) {
  std::map<TrialKey, const TrialRecord*> last;
  for (const TrialRecord& record : journal)
    if (record.trial.stage == stage) last[key_of(record.trial)] = &record;
  return last;
}

/// How far the search has come.
struct SearchProgress {
  std::vector<Trial> missing;        // in the first rung that is not over
  std::vector<TrialRecord> dropped;  // by the rungs before, with the journal yet to say so
};

SearchProgress search_progress(const Plan& plan, std::span<const TrialRecord> journal) {
  std::map<TrialKey, std::vector<const TrialRecord*>> records;
  std::set<TrialKey> known_dropped;
  for (const TrialRecord& record : journal) {
    if (record.trial.stage != Stage::kSearch) continue;
    if (record.status == TrialStatus::kDropped) {
      known_dropped.insert(key_of(record.trial));
    } else {
      records[key_of(record.trial)].push_back(&record);
    }
  }

  SearchProgress progress;
  std::vector<std::size_t> settings(plan.settings.size());
  std::iota(settings.begin(), settings.end(), std::size_t{0});
  for (std::size_t rung = 0;; ++rung) {
    std::vector<TrialRecord> compared;
    for (const std::size_t setting : settings) {
      const std::uint64_t until = plan.rungs.empty() ? epochs_of(plan, setting) : plan.rungs[rung];
      for (const std::uint64_t seed : plan.seeds) {
        const auto& known = records[{setting, seed}];
        const auto there = std::ranges::find_if(known, [&](const TrialRecord* record) {
          return is_over(*record) || record->epochs >= until;
        });
        if (there != known.end()) {
          compared.push_back(**there);
        } else {
          progress.missing.push_back({Stage::kSearch, setting, seed, until});
        }
      }
    }
    if (!progress.missing.empty() || rung + 1 >= plan.rungs.size()) return progress;

    const auto ranked = rank_settings(compared);
    const std::size_t kept = std::max<std::size_t>(1, settings.size() / plan.halving);
    settings.clear();
    for (const SettingSummary& summary : ranked) {
      if (settings.size() < kept) {
        settings.push_back(summary.setting);
        continue;
      }
      for (const TrialRecord& record : summary.trials) {
        TrialRecord last = *records[key_of(record.trial)].back();
        if (is_over(last) || known_dropped.contains(key_of(record.trial))) continue;
        last.status = TrialStatus::kDropped;
        progress.dropped.push_back(std::move(last));
      }
    }
    std::sort(settings.begin(), settings.end());
  }
}

}  // namespace

std::vector<TrialRecord> load_journal(const fs::path& directory, const Plan& plan) {
  std::map<std::string, std::size_t> settings;  // by their values
  for (std::size_t i = 0; i < plan.settings.size(); ++i)
    settings[nlohmann::json(setting_json(plan, i)).dump()] = i;

  const fs::path path = directory / kJournalFile;
  std::vector<TrialRecord> journal;
  std::istringstream lines(journal_lines(path));
  std::string line;
  for (std::size_t number = 1; std::getline(lines, line); ++number) {
    try {
      const auto event = nlohmann::json::parse(line);
      TrialRecord record =
          record_of(event, event.at("event") == "final" ? Stage::kFinal : Stage::kSearch);
      record.trial.setting = settings.at(event.at("values").dump());
      if (std::ranges::find(plan.seeds, record.trial.seed) == plan.seeds.end())
        throw std::out_of_range("seed");
      if (record.status != TrialStatus::kFailed) journal.push_back(std::move(record));
    } catch (const std::exception&) {
      throw Error(
          ErrorKind::kCheckpoint,
          fmt::format("line {} of '{}' is not an event of this sweep", number, path.string()),
          "remove that line, and the trial runs again, or start anew with --overwrite");
    }
  }
  return journal;
}

std::vector<Trial> missing(const Plan& plan, std::span<const TrialRecord> journal) {
  std::vector<Trial> trials = search_progress(plan, journal).missing;
  if (!trials.empty() || !plan.final) return trials;
  const auto ranking = ranking_of(journal);
  const SettingSummary* best = winner(ranking);
  if (best == nullptr) return {};
  const auto done = finals_of(journal, best->setting);
  for (const std::uint64_t seed : plan.seeds) {
    const bool is_done = std::ranges::any_of(
        done, [&](const TrialRecord& record) { return record.trial.seed == seed; });
    if (!is_done) trials.push_back({Stage::kFinal, best->setting, seed, best->epochs});
  }
  return trials;
}

std::vector<TrialRecord> newly_dropped(const Plan& plan, std::span<const TrialRecord> journal) {
  return search_progress(plan, journal).dropped;
}

std::vector<TrialRecord> latest(std::span<const TrialRecord> journal, Stage stage) {
  std::vector<TrialRecord> records;
  for (const auto& [key, record] : last_of(journal, stage)) records.push_back(*record);
  return records;
}

std::size_t done_count(std::span<const TrialRecord> journal) {
  return static_cast<std::size_t>(std::ranges::count_if(
      last_of(journal, Stage::kSearch), [](const auto& entry) { return is_over(*entry.second); }));
}

std::vector<SettingSummary> ranking_of(std::span<const TrialRecord> journal) {
  auto records = latest(journal, Stage::kSearch);
  for (TrialRecord& record : records)
    if (!is_over(record)) record.status = TrialStatus::kDropped;
  auto ranking = rank_settings(records);
  compare_with_best(ranking);
  return ranking;
}

std::vector<TrialRecord> finals_of(std::span<const TrialRecord> journal, std::size_t setting) {
  auto records = latest(journal, Stage::kFinal);
  std::erase_if(records, [&](const auto& record) { return record.trial.setting != setting; });
  return records;
}

}  // namespace fmnist
