#include "fmnist/sweep/plan.h"

#include <gtest/gtest.h>

#include <set>

#include "support/errors.h"

namespace fmnist {
namespace {

Config base() {
  Config config;
  config.epochs = 9;
  config.val_split = 100;
  return config;
}

PlanRequest vary(std::vector<std::string> texts) {
  PlanRequest request;
  request.vary = std::move(texts);
  return request;
}

std::string refusal(const PlanRequest& request, const Config& config = base()) {
  return error_of(ErrorKind::kUsage, [&] { make_plan(request, config); });
}

TEST(PlanTest, AGridHasEveryCombinationWithEverySeed) {
  Config config = base();
  config.seed = 7;
  PlanRequest request = vary({"lr=0.005,0.01,0.02", "momentum=0.5,0.9"});
  request.seeds = 5;
  const Plan plan = make_plan(request, config);
  EXPECT_EQ(plan.trial_count(), 30u);
  EXPECT_EQ(plan.seeds, (std::vector<std::uint64_t>{7, 8, 9, 10, 11}));
  EXPECT_EQ(setting_text(plan, 0), "lr=0.005 momentum=0.5");
  EXPECT_EQ(setting_text(plan, 1), "lr=0.005 momentum=0.9");
  EXPECT_EQ(setting_text(plan, 5), "lr=0.02 momentum=0.9");
  const Trial trial{.setting = 5, .seed = 11};
  EXPECT_EQ(number_of(plan, trial), 29u);
  const Config last = trial_config(plan, trial);
  EXPECT_EQ(last.learning_rate, 0.02);
  EXPECT_EQ(last.momentum, 0.9);
  EXPECT_EQ(last.seed, 11u);
  EXPECT_EQ(last.epochs, 9);
  EXPECT_EQ(setting_json(plan, 5).dump(), R"({"lr":0.02,"momentum":0.9})");
}

TEST(PlanTest, RandomSettingsAreDifferentAndAPureFunctionOfTheSeed) {
  PlanRequest request = vary({"lr=0.001..0.1:log", "nesterov=true,false", "momentum=0.5,0.9"});
  request.search = Search::kRandom;
  request.trials = 20;
  const Plan plan = make_plan(request, base());
  EXPECT_EQ(plan.settings.size(), 20u);
  EXPECT_EQ(std::set<Setting>(plan.settings.begin(), plan.settings.end()).size(), 20u);
  EXPECT_EQ(make_plan(request, base()).settings, plan.settings);
  Config other = base();
  other.seed = 1;
  EXPECT_NE(make_plan(request, other).settings, plan.settings);
}

TEST(PlanTest, RandomSearchFindsAllOfAFewSettingsAndNoMore) {
  PlanRequest request = vary({"momentum=0.1,0.2,0.3", "nesterov=true,false"});
  request.search = Search::kRandom;
  request.trials = 6;
  EXPECT_EQ(make_plan(request, base()).settings.size(), 6u);
  request.trials = 7;
  expect_parts(refusal(request), {"--trials 7", "6 different"});
}

TEST(PlanTest, HalvingEndsAtTheFullLengthWithAtLeastOneSetting) {
  const auto rungs = [](const std::string& values, int eta, int epochs) {
    PlanRequest request = vary({values});
    request.halving = eta;
    Config config = base();
    config.epochs = epochs;
    return make_plan(request, config).rungs;
  };
  using Rungs = std::vector<std::uint64_t>;
  EXPECT_EQ(rungs("lr=0.01..0.1:log:27", 3, 27), (Rungs{1, 3, 9, 27}));
  EXPECT_EQ(rungs("lr=0.01..0.1:log:9", 3, 40), (Rungs{4, 13, 40}));
  EXPECT_EQ(rungs("lr=0.01..0.1:log:100", 2, 4), (Rungs{1, 2, 4}));
  EXPECT_EQ(rungs("lr=0.01..0.1:log:6", 4, 8), (Rungs{2, 8}));
}

TEST(PlanTest, HalvingNeedsSettingsAndEpochs) {
  PlanRequest request = vary({"lr=0.01,0.02"});
  request.halving = 3;
  expect_parts(refusal(request), {"--halving 3", "found 2 and 9"});
  request = vary({"lr=0.01,0.02,0.03"});
  request.halving = 3;
  Config config = base();
  config.epochs = 2;
  expect_parts(refusal(request, config), {"found 3 and 2"});
  request = vary({"epochs=3,6,9"});
  request.halving = 3;
  expect_parts(refusal(request), {"--halving", "--vary epochs"});
}

TEST(PlanTest, WhatCannotBeSweptIsRefused) {
  Config config = base();
  config.val_split = 0;
  expect_parts(refusal(vary({"lr=0.1"}), config), {"never by the test set", "--val-split is 0"});
  expect_parts(refusal(vary({})), {"sweep needs --vary"});
  expect_parts(refusal(vary({"lr=0.1", "lr=0.2"})), {"lr is given twice"});
  expect_parts(refusal(vary({"lr=0.1..0.2:log"})), {"how many values"});
  PlanRequest request = vary({"lr=0.1..0.2:log"});
  request.search = Search::kRandom;
  expect_parts(refusal(request), {"how many settings"});
  request = vary({"lr=0.1"});
  request.trials = 3;
  expect_parts(refusal(request), {"--trials", "--search random"});
  config = base();
  config.seed = 4294967295;
  expect_parts(refusal(vary({"lr=0.1"}), config), {"--seed", "4294967297"});
}

TEST(PlanTest, AbsurdSizesAreRefusedBeforeTheyFillTheMemory) {
  const std::string big = "=0.001..0.1:log:100000";
  expect_parts(refusal(vary({"lr" + big})), {"more than 100000 trials", "x 3 seeds"});
  expect_parts(refusal(vary({"lr" + big, "weight-decay" + big, "dropout" + big})),
               {"more than 100000"});
  PlanRequest request = vary({"lr=0.001..0.1:log"});
  request.search = Search::kRandom;
  request.trials = 100000;
  expect_parts(refusal(request), {"more than 100000"});
}

TEST(PlanTest, EverySettingIsChecked) {
  expect_parts(refusal(vary({"momentum=0.9,0", "nesterov=false,true"})),
               {"the setting momentum=0 nesterov=true", "--nesterov needs --momentum"});
  expect_parts(refusal(vary({"warmup-epochs=1,10"})), {"warmup-epochs=10", "longer than"});
  expect_parts(refusal(vary({"epochs=0,1"})), {"the setting epochs=0", "nothing to compare"});
}

TEST(PlanTest, TheJsonNamesAllThatDecidesTheResults) {
  const auto json = to_json(make_plan(vary({"lr=0.1,0.2"}), base()));
  EXPECT_FALSE(json["base"].contains("lr"));
  EXPECT_FALSE(json["base"].contains("threads"));
  EXPECT_EQ(json["base"]["val_split"], 100);
  EXPECT_EQ(json["vary"]["lr"], "0.1,0.2");
  EXPECT_EQ(json["settings"][1]["lr"], 0.2);
  EXPECT_EQ(json["trials"], 6);
  EXPECT_TRUE(json["halving"].is_null());
}

}  // namespace
}  // namespace fmnist
