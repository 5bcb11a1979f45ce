#include "cli/terminal/sweep_bar.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "fmnist/core/text.h"
#include "fmnist/sweep/journal.h"
#include "fmnist/sweep/ranking.h"

namespace fmnist {
namespace {

constexpr std::size_t kRows = 4;                       // settings that the table names
constexpr TrialStatus kLost = TrialStatus::kDiverged;  // or worse

/// The epochs that all trials train together when none diverges.
std::uint64_t all_epochs(const Plan& plan) {
  std::uint64_t epochs = 0;
  if (plan.rungs.empty()) {
    for (std::size_t i = 0; i < plan.settings.size(); ++i) epochs += epochs_of(plan, i);
    return epochs * plan.seeds.size();
  }
  std::uint64_t before = 0;
  std::size_t settings = plan.settings.size();
  for (const std::uint64_t rung : plan.rungs) {
    epochs += settings * (rung - before);
    before = rung;
    settings = std::max<std::size_t>(1, settings / plan.halving);
  }
  return epochs * plan.seeds.size();
}

/// The settings that stand best so far, a row each, below a heading.
std::vector<std::string> rows_of(const Plan& plan, std::span<const TrialRecord> records) {
  auto ranking = rank_settings(records);
  std::erase_if(ranking, [](const auto& summary) { return summary.status >= kLost; });
  if (ranking.empty()) return {};
  if (plan.halving != 0) {  // a setting that went farther is better
    std::ranges::stable_sort(ranking, std::ranges::greater(), &SettingSummary::epochs);
  }
  if (ranking.size() > kRows) ranking.resize(kRows);
  std::vector<std::string> rows = {"  val acc  seeds  best so far"};
  for (const SettingSummary& summary : ranking) {
    const auto seeds = fmt::format("{}/{}", summary.trials.size(), plan.seeds.size());
    rows.push_back(fmt::format("{:>9} {:>6}  {}", percentage(summary.accuracy->mean), seeds,
                               setting_text(plan, summary.setting)));
  }
  return rows;
}

}  // namespace

SweepBar::SweepBar(const Plan& plan, std::span<const TrialRecord> journal)
    : plan_(plan), all_epochs_(all_epochs(plan)) {
  std::uint64_t epochs = 0;
  for (const TrialRecord& record : latest(journal, Stage::kSearch)) epochs += record.epochs;
  begin(epochs);
  update(journal);
  draw();
}

void SweepBar::begin(std::uint64_t epochs) {
  shown_.done = first_epochs_ = epochs;
  started_ = Clock::now();
}

void SweepBar::update(std::span<const TrialRecord> journal) {
  const std::lock_guard lock(mutex_);
  if (stage_ == Stage::kFinal) return;
  const auto records = latest(journal, Stage::kSearch);
  const std::size_t done = done_count(records);
  shown_.label = fmt::format("Sweep {}/{}", done, counted(plan_.trial_count(), "trial"));
  shown_.total = all_epochs_;
  for (const TrialRecord& record : records) {
    if (record.status >= kLost && plan_.rungs.empty())
      shown_.total -= epochs_of(plan_, record.trial.setting) - record.epochs;
  }
  shown_.total = std::max(shown_.total, shown_.done);
  rows_ = rows_of(plan_, records);
  if (done < plan_.trial_count()) return;
  std::uint64_t epochs = 0;
  for (const Trial& trial : missing(plan_, journal)) epochs += trial.until;
  if (epochs == 0) return;
  stage_ = Stage::kFinal;
  shown_.label = "Final training";
  shown_.total = epochs;
  begin(0);
}

void SweepBar::on_step(const StepDone&) {
  const std::unique_lock lock(mutex_, std::try_to_lock);  // another trial draws as well
  if (lock && bar_.due()) draw();
}

void SweepBar::on_epoch(const EpochFinished&) {
  const std::lock_guard lock(mutex_);
  ++shown_.done;
}

void SweepBar::draw() {
  shown_.seconds_left.reset();
  if (first_epochs_ < shown_.done && shown_.done <= shown_.total) {
    const double elapsed = std::chrono::duration<double>(Clock::now() - started_).count();
    shown_.seconds_left = elapsed * static_cast<double>(shown_.total - shown_.done) /
                          static_cast<double>(shown_.done - first_epochs_);
  }
  bar_.draw(shown_, rows_);
}

}  // namespace fmnist
