#include "cli/terminal/sweep_bar.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

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
std::vector<std::string> rows_of(const Plan& plan, std::vector<TrialRecord> records) {
  auto ranking = rank_settings(std::move(records));
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

SweepBar::SweepBar(const Plan& plan, std::span<const TrialRecord> journal) : plan_(plan) {
  std::uint64_t epochs = 0;
  for (const TrialRecord& record : latest(journal, Stage::kSearch)) epochs += record.epochs;
  begin(epochs, 0);
  update(journal);
  draw();
}

void SweepBar::begin(std::uint64_t epochs, std::uint64_t total) {
  epochs_ = first_epochs_ = epochs;
  total_epochs_ = total;
  started_ = Clock::now();
}

void SweepBar::update(std::span<const TrialRecord> journal) {
  const std::lock_guard lock(mutex_);
  if (stage_ == Stage::kFinal) return;
  auto records = latest(journal, Stage::kSearch);
  const std::size_t done = done_count(journal);
  label_ = fmt::format("Sweep {}/{}", done, counted(plan_.trial_count(), "trial"));
  total_epochs_ = all_epochs(plan_);
  for (const TrialRecord& record : records) {
    if (record.status >= kLost && plan_.rungs.empty())
      total_epochs_ -= epochs_of(plan_, record.trial.setting) - record.epochs;
  }
  total_epochs_ = std::max(total_epochs_, epochs_);
  rows_ = rows_of(plan_, std::move(records));
  if (done < plan_.trial_count()) return;
  std::uint64_t epochs = 0;
  for (const Trial& trial : missing(plan_, journal)) epochs += trial.until;
  if (epochs == 0) return;
  stage_ = Stage::kFinal;
  label_ = "Final training";
  begin(0, epochs);
}

void SweepBar::on_step(const StepDone&) {
  const std::unique_lock lock(mutex_, std::try_to_lock);  // another trial draws as well
  if (lock && bar_.due()) draw();
}

void SweepBar::on_epoch(const EpochFinished&) {
  const std::lock_guard lock(mutex_);
  ++epochs_;
}

void SweepBar::draw() {
  bar_.draw(
      {.label = label_, .done = epochs_, .total = total_epochs_, .seconds_left = seconds_left()},
      rows_);
}

std::optional<double> SweepBar::seconds_left() const {
  if (epochs_ <= first_epochs_ || epochs_ > total_epochs_) return std::nullopt;
  const double elapsed = std::chrono::duration<double>(Clock::now() - started_).count();
  return elapsed * static_cast<double>(total_epochs_ - epochs_) /
         static_cast<double>(epochs_ - first_epochs_);
}

}  // namespace fmnist
