#include "cli/terminal/sweep_bar.h"

#include <algorithm>
#include <tuple>

#include "fmnist/core/text.h"

namespace fmnist {
namespace {

constexpr std::size_t kRows = 4;  // settings that the table names

bool is_lost(const TrialRecord& record) { return record.status >= TrialStatus::kDiverged; }

std::uint64_t epochs_of(const Plan& plan, std::size_t setting) {
  return static_cast<std::uint64_t>(trial_config(plan, setting, plan.seeds.front()).epochs);
}

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

}  // namespace

SweepBar::SweepBar(const Plan& plan)
    : plan_(plan),
      latest_(plan.trial_count()),
      standings_(plan.settings.size()),
      total_epochs_(all_epochs(plan)) {}

void SweepBar::begin(const std::vector<TrialRecord>& done) {
  const std::lock_guard lock(mutex_);
  for (const TrialRecord& record : done) {
    take(record);
    epochs_ += record.epochs;
  }
  first_epochs_ = epochs_;
  started_ = Clock::now();
  bar_.emplace();
  draw();
}

void SweepBar::add(const TrialRecord& record) {
  const std::lock_guard lock(mutex_);
  take(record);
}

void SweepBar::begin_final(std::size_t setting, std::size_t seeds) {
  const std::lock_guard lock(mutex_);
  label_ = "Final training";
  epochs_ = first_epochs_ = 0;
  total_epochs_ = epochs_of(plan_, setting) * seeds;
  started_ = Clock::now();
}

void SweepBar::end() {
  const std::lock_guard lock(mutex_);
  bar_.reset();
}

void SweepBar::on_step(const StepDone&) {
  const std::unique_lock lock(mutex_, std::try_to_lock);  // another trial draws as well
  if (lock && bar_ && bar_->due()) draw();
}

void SweepBar::on_epoch(const EpochFinished&) {
  const std::lock_guard lock(mutex_);
  ++epochs_;
}

void SweepBar::take(const TrialRecord& record) {
  if (record.status != TrialStatus::kPaused) ++done_;
  const std::size_t setting = plan_.setting_of(record.trial);
  if (is_lost(record) && plan_.rungs.empty()) {
    const std::uint64_t missing = epochs_of(plan_, setting) - record.epochs;
    total_epochs_ -= std::min(missing, total_epochs_ - std::min(epochs_, total_epochs_));
  }
  latest_[record.trial] = record;

  Standing standing;
  for (std::size_t k = 0; k < plan_.seeds.size(); ++k) {
    const auto& known = latest_[plan_.trial_of(setting, k)];
    if (!known) continue;
    if (is_lost(*known)) {
      standing.seeds = 0;
      break;
    }
    standing.accuracy += known->figures->accuracy;
    standing.epochs =
        standing.seeds == 0 ? known->epochs : std::min(standing.epochs, known->epochs);
    ++standing.seeds;
  }
  standing.accuracy /= static_cast<double>(std::max<std::size_t>(standing.seeds, 1));
  standings_[setting] = standing;
}

void SweepBar::draw() {
  const std::string label = label_.empty() ? "Sweep " + std::to_string(done_) + "/" +
                                                 counted(plan_.trial_count(), "trial")
                                           : label_;
  bar_->draw(
      {.label = label, .done = epochs_, .total = total_epochs_, .seconds_left = seconds_left()},
      rows());
}

std::vector<std::string> SweepBar::rows() const {
  std::vector<std::size_t> settings;
  for (std::size_t i = 0; i < standings_.size(); ++i)
    if (standings_[i].seeds > 0) settings.push_back(i);
  const std::size_t shown = std::min(kRows, settings.size());
  // Under halving a setting that went farther is better.
  const auto key = [&](std::size_t setting) {
    const Standing& standing = standings_[setting];
    const std::uint64_t rung = plan_.rungs.empty() ? 0 : standing.epochs;
    return std::tuple(-static_cast<double>(rung), -standing.accuracy, setting);
  };
  std::partial_sort(settings.begin(), settings.begin() + static_cast<std::ptrdiff_t>(shown),
                    settings.end(), [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
  std::vector<std::string> rows;
  if (shown > 0) rows.emplace_back("  val acc  seeds  best so far");
  for (std::size_t i = 0; i < shown; ++i) {
    const Standing& standing = standings_[settings[i]];
    const std::string accuracy = percentage(standing.accuracy);
    const std::string seeds =
        std::to_string(standing.seeds) + "/" + std::to_string(plan_.seeds.size());
    rows.push_back(std::string(9 - std::min<std::size_t>(9, accuracy.size()), ' ') + accuracy +
                   std::string(7 - std::min<std::size_t>(6, seeds.size()), ' ') + seeds + "  " +
                   setting_text(plan_, settings[i]));
  }
  return rows;
}

std::optional<double> SweepBar::seconds_left() const {
  if (epochs_ <= first_epochs_ || epochs_ > total_epochs_) return std::nullopt;
  const double elapsed = std::chrono::duration<double>(Clock::now() - started_).count();
  return elapsed * static_cast<double>(total_epochs_ - epochs_) /
         static_cast<double>(epochs_ - first_epochs_);
}

}  // namespace fmnist
