#include "fmnist/sweep/ranking.h"

#include <gtest/gtest.h>

namespace fmnist {
namespace {

/// A plan of as many settings as there are learning rates, with `seeds` seeds.
Plan plan_of(const std::string& rates, int seeds) {
  Config base;
  base.val_split = 10;
  PlanRequest request;
  request.vary = {"lr=" + rates};
  request.seeds = seeds;
  return make_plan(request, base);
}

TrialRecord finished(double accuracy, double loss = 1.0) {
  TrialRecord record;
  record.epochs = 40;
  record.figures = Metrics{loss, accuracy};
  return record;
}

TrialRecord ended(TrialStatus status, std::uint64_t epochs, double accuracy = 0.5) {
  TrialRecord record = finished(accuracy);
  record.status = status;
  record.epochs = epochs;
  if (status >= TrialStatus::kDiverged) record.figures.reset();
  return record;
}

std::vector<SettingSummary> ranked(const Plan& plan, std::vector<TrialRecord> records) {
  for (std::size_t number = 0; number < records.size(); ++number) {
    records[number].trial.setting = number / plan.seeds.size();
    records[number].trial.seed = plan.seeds[number % plan.seeds.size()];
  }
  auto ranking = rank_settings(std::move(records));
  compare_with_best(ranking);
  return ranking;
}

std::vector<std::size_t> order_of(const std::vector<SettingSummary>& ranking) {
  std::vector<std::size_t> order;
  for (const auto& summary : ranking) order.push_back(summary.setting);
  return order;
}

TEST(RankingTest, TheHighestMeanAccuracyWinsThenTheLowestLoss) {
  const auto ranking =
      ranked(plan_of("0.1,0.2,0.3", 2), {finished(0.7), finished(0.9), finished(0.8, 0.5),
                                         finished(0.8, 0.6), finished(0.95), finished(0.6)});
  EXPECT_EQ(order_of(ranking), (std::vector<std::size_t>{1, 0, 2}));
  EXPECT_DOUBLE_EQ(ranking[0].accuracy->mean, 0.8);
  EXPECT_DOUBLE_EQ(ranking[0].loss->mean, 0.55);
  EXPECT_EQ(winner(ranking)->setting, 1u);
}

TEST(RankingTest, WhatWasNotTrainedToTheEndComesLast) {
  const auto ranking = ranked(
      plan_of("0.1,0.2,0.3,0.4,0.5", 2),
      {ended(TrialStatus::kDiverged, 0), finished(0.99), ended(TrialStatus::kDropped, 2, 0.9),
       ended(TrialStatus::kDropped, 2, 0.9), ended(TrialStatus::kDropped, 4, 0.8),
       ended(TrialStatus::kDropped, 4, 0.8), finished(0.3), finished(0.3),
       ended(TrialStatus::kFailed, 0), ended(TrialStatus::kFailed, 0)});
  EXPECT_EQ(order_of(ranking), (std::vector<std::size_t>{3, 2, 1, 0, 4}));
  EXPECT_EQ(ranking[3].status, TrialStatus::kDiverged);
  EXPECT_DOUBLE_EQ(ranking[3].accuracy->mean, 0.99);
  EXPECT_FALSE(ranking[4].accuracy);
  for (std::size_t i = 1; i < 5; ++i) EXPECT_EQ(ranking[i].verdict, Verdict::kOut);
}

TEST(RankingTest, ThereIsNoWinnerWhenEverySettingDiverged) {
  const auto ranking = ranked(plan_of("0.1,0.2", 1),
                              {ended(TrialStatus::kDiverged, 0), ended(TrialStatus::kDiverged, 3)});
  EXPECT_EQ(winner(ranking), nullptr);
}

TEST(RankingTest, AClearDifferenceIsWorseAnUnclearOneNoise) {
  const auto ranking = ranked(plan_of("0.1,0.2,0.3", 3),
                              {finished(0.80), finished(0.82), finished(0.84),    // the best
                               finished(0.70), finished(0.721), finished(0.739),  // always 0.1 less
                               finished(0.85), finished(0.75), finished(0.83)});  // up and down
  EXPECT_EQ(order_of(ranking), (std::vector<std::size_t>{0, 2, 1}));
  EXPECT_EQ(ranking[0].verdict, Verdict::kBest);
  EXPECT_FALSE(ranking[0].difference);
  EXPECT_EQ(ranking[1].verdict, Verdict::kNoise);
  EXPECT_EQ(ranking[2].verdict, Verdict::kWorse);
  EXPECT_NEAR(ranking[2].difference->mean, -0.1, 1e-12);
  EXPECT_DOUBLE_EQ(*ranking[2].corrected_p, 2.0 * ranking[2].difference->p);  // of two, the smaller
}

TEST(RankingTest, OneSeedSaysNothing) {
  const auto ranking = ranked(plan_of("0.1,0.2", 1), {finished(0.9), finished(0.1)});
  EXPECT_EQ(ranking[1].verdict, Verdict::kUnknown);
  EXPECT_FALSE(ranking[1].difference);
}

}  // namespace
}  // namespace fmnist
