// What a plan and records come to, without any training.

#include "fmnist/sweep/journal.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "fmnist/run/results.h"
#include "fmnist/sweep/sweep_json.h"
#include "support/temporary_directory.h"

namespace fmnist {
namespace {

using Names = std::vector<std::string>;

Plan plan_of(const std::string& rates, std::uint64_t seeds = 2,
             std::optional<std::uint64_t> halving = {}) {
  Config base;
  base.val_split = 10;
  base.epochs = 4;
  PlanRequest request;
  request.vary = {"lr=" + rates};
  request.seeds = seeds;
  request.halving = halving;
  return make_plan(request, base);
}

/// "lr=0.1 seed 0 until 4"
std::string name_of(const Plan& plan, const Trial& trial) {
  return (trial.stage == Stage::kFinal ? "final " : "") + setting_text(plan, trial.setting) +
         " seed " + std::to_string(trial.seed) + " until " + std::to_string(trial.until);
}

Names names_of(const Plan& plan, const std::vector<Trial>& trials) {
  Names names;
  for (const Trial& trial : trials) names.push_back(name_of(plan, trial));
  return names;
}

TrialRecord record_of(const Plan& plan, const Trial& trial, double accuracy) {
  const bool at_end = trial.until == plan.base.epochs;
  TrialRecord record;
  record.trial = trial;
  record.status = at_end ? TrialStatus::kFinished : TrialStatus::kPaused;
  record.epochs = trial.until;
  record.figures = Metrics{1.0, accuracy};
  return record;
}

/// Settings are the better the later they stand in the plan, and seeds make a small difference.
double accuracy_of(const Trial& trial) {
  return 0.1 * static_cast<double>(trial.setting) + 0.01 * static_cast<double>(trial.seed);
}

/// All records of a sweep, in an order of its own.
std::vector<TrialRecord> whole_journal(const Plan& plan) {
  std::vector<TrialRecord> journal;
  for (;;) {
    for (const TrialRecord& record : newly_dropped(plan, journal)) journal.push_back(record);
    const auto trials = missing(plan, journal);
    if (trials.empty()) return journal;
    for (std::size_t i = trials.size(); i-- > 0;)
      journal.push_back(record_of(plan, trials[i], accuracy_of(trials[i])));
  }
}

TEST(JournalTest, WithoutARecordEveryTrialIsMissing) {
  const Plan plan = plan_of("0.1,0.2");
  EXPECT_EQ(names_of(plan, missing(plan, {})),
            (Names{"lr=0.1 seed 0 until 4", "lr=0.1 seed 1 until 4", "lr=0.2 seed 0 until 4",
                   "lr=0.2 seed 1 until 4"}));
}

TEST(JournalTest, WhatIsMissingDependsOnNoOrderOfRecords) {
  const Plan plan = plan_of("0.1,0.2");
  auto journal = whole_journal(plan);
  ASSERT_EQ(journal.size(), 4u);
  EXPECT_EQ(done_count(journal), 4u);
  const TrialRecord taken = journal[1];
  journal.erase(journal.begin() + 1);
  EXPECT_EQ(names_of(plan, missing(plan, journal)), Names{name_of(plan, taken.trial)});
}

TEST(JournalTest, ARungIsComparedWhenAllOfItIsThere) {
  const Plan plan = plan_of("0.1,0.2,0.3,0.4", 1, 2);
  ASSERT_EQ(plan.rungs, (std::vector<std::uint64_t>{1, 2, 4}));
  std::vector<TrialRecord> journal;
  for (const Trial& trial : missing(plan, journal)) {
    EXPECT_TRUE(newly_dropped(plan, journal).empty());
    journal.push_back(record_of(plan, trial, accuracy_of(trial)));
  }
  ASSERT_EQ(journal.size(), 4u);
  EXPECT_EQ(names_of(plan, missing(plan, journal)),
            (Names{"lr=0.3 seed 0 until 2", "lr=0.4 seed 0 until 2"}));
  const auto dropped = newly_dropped(plan, journal);
  ASSERT_EQ(dropped.size(), 2u);
  EXPECT_EQ(dropped[0].trial.setting, 1u) << "the better one first";
  EXPECT_EQ(dropped[0].status, TrialStatus::kDropped);
  EXPECT_EQ(dropped[0].epochs, 1u);
  journal.insert(journal.end(), dropped.begin(), dropped.end());
  EXPECT_TRUE(newly_dropped(plan, journal).empty());
}

TEST(JournalTest, ATrialThatDivergedIsNotMissingInALaterRung) {
  const Plan plan = plan_of("0.1,0.2", 1, 2);
  auto journal = std::vector<TrialRecord>();
  for (const Trial& trial : missing(plan, journal)) {
    journal.push_back(record_of(plan, trial, 0.5));
    journal.back().status = TrialStatus::kDiverged;
    journal.back().epochs = 0;
    journal.back().figures.reset();
  }
  EXPECT_TRUE(missing(plan, journal).empty());
  EXPECT_TRUE(newly_dropped(plan, journal).empty());
  EXPECT_EQ(winner(ranking_of(journal)), nullptr);
}

TEST(JournalTest, TheFinalTrainingIsMissingAfterTheSearchAndOfTheBestSettingOnly) {
  Plan plan = plan_of("0.1,0.2");
  plan.final = true;
  auto journal = whole_journal(plan);
  ASSERT_EQ(journal.size(), 6u);
  EXPECT_EQ(finals_of(journal, 1).size(), 2u);
  EXPECT_TRUE(finals_of(journal, 0).empty());
  journal.pop_back();
  EXPECT_EQ(names_of(plan, missing(plan, journal)), Names{"final lr=0.2 seed 0 until 4"});
  // Another setting is the best now: its models are missing.
  for (TrialRecord& record : journal)
    if (record.trial.setting == 0) record.figures = Metrics{1.0, 0.99};
  EXPECT_EQ(missing(plan, journal).size(), 2u);
}

TEST(JournalTest, AGrownSweepFindsItsRecordsByValuesAndSeed) {
  const Plan before = plan_of("0.1,0.2");
  const TemporaryDirectory directory;
  std::ofstream file(directory.path() / kJournalFile);
  for (const TrialRecord& record : whole_journal(before))
    file << to_line(trial_event(before, record)) << "\n";
  file.close();
  const Plan grown = plan_of("0.05,0.1,0.2", 3);  // every trial has another number
  const auto journal = load_journal(directory.path(), grown);
  ASSERT_EQ(journal.size(), 4u);
  for (const TrialRecord& record : journal) {
    const Trial in_before{.setting = record.trial.setting - 1, .seed = record.trial.seed};
    EXPECT_EQ(record.figures->accuracy, accuracy_of(in_before));
  }
  EXPECT_EQ(names_of(grown, missing(grown, journal)),
            (Names{"lr=0.05 seed 0 until 4", "lr=0.05 seed 1 until 4", "lr=0.05 seed 2 until 4",
                   "lr=0.1 seed 2 until 4", "lr=0.2 seed 2 until 4"}));
}

}  // namespace
}  // namespace fmnist
