#include "fmnist/report/sweep_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/page_parts.h"
#include "sweep/sample_sweep.h"

namespace fmnist {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string body_of(const SavedSweep& sweep, const std::string& id) {
  return section_of(sweep_page(sweep), id);
}

/// A change of the records of one setting.
auto of_setting(std::size_t setting, std::function<void(TrialRecord&)> change) {
  return [=](TrialRecord& record) {
    if (record.trial.setting == setting) change(record);
  };
}

TEST(SweepPage, HoldsEverySectionInOrderAndNeedsNothingFromElsewhere) {
  SavedSweep sweep = sample_sweep(sample_plan({"lr=0.01,0.02,0.04"}));
  sweep.finals.resize(3);
  for (TrialRecord& record : sweep.finals) record.figures = Metrics{0.25, 0.75};
  const std::string page = sweep_page(sweep);
  EXPECT_THAT(section_ids(page),
              ElementsAre("accuracy", "ranking", "final", "retrain", "trials", "settings"));
  for (const char* part : {"<script", "http:", "https:", "url(", "@import", "src="})
    EXPECT_THAT(page, Not(HasSubstr(part)));
  EXPECT_THAT(page, HasSubstr(">75.00 ± 0.00%<"));
  EXPECT_THAT(body_of(sweep, "retrain"), HasSubstr("fmnist-train --epochs 2 --lr 0.01<"));
}

TEST(SweepPage, SaysTheBestSettingFirst) {
  const std::string page = sweep_page(sample_sweep(sample_plan({"lr=0.01,0.02,0.04"})));
  EXPECT_THAT(page, HasSubstr(">80.20%<"));
  EXPECT_THAT(page, HasSubstr("with <strong>lr=0.01</strong>"));
  EXPECT_THAT(page, HasSubstr("mean of 3 seeds, ± 0.20%"));
}

TEST(SweepPage, SaysWhatTheDifferencesAreWorth) {
  const auto same = of_setting(1, [](TrialRecord& record) {
    record.figures = Metrics{0.6, record.trial.seed == 1 ? 0.81 : 0.79};
  });
  const Plan two = sample_plan({"lr=0.01,0.02"});
  const Plan three = sample_plan({"lr=0.01,0.02,0.04"});
  const auto lost = [](TrialRecord& record) { record.status = TrialStatus::kFailed; };
  EXPECT_THAT(sweep_page(sample_sweep(two)),
              HasSubstr("Its lead over the 1 other setting trained to the end is hardly chance."));
  EXPECT_THAT(sweep_page(sample_sweep(two, same)),
              HasSubstr("Its lead over the 1 other setting trained to the end may be chance."));
  EXPECT_THAT(sweep_page(sample_sweep(three, same)),
              HasSubstr("over 1 of the 2 other settings trained to the end may be chance. 1 is "
                        "worse, and hardly by chance."));
  EXPECT_THAT(sweep_page(sample_sweep(sample_plan({"lr=0.01,0.02"}, 1))),
              HasSubstr("One seed: nothing can be said"));
  EXPECT_THAT(sweep_page(sample_sweep(two, of_setting(1, lost))),
              HasSubstr("It is the only setting"));
  const std::string none = sweep_page(sample_sweep(two, lost));
  EXPECT_THAT(none, HasSubstr("No setting was trained to its end with every seed."));
  EXPECT_THAT(none, Not(HasSubstr("id=\"retrain\"")));
}

TEST(SweepChart, HasALinePerCombinationOfTheOtherOptionsWithErrorBars) {
  const std::string chart = body_of(
      sample_sweep(sample_plan({"momentum=0.5,0.9", "lr=0.005,0.01,0.02,0.04"})), "accuracy");
  EXPECT_EQ(occurrences(chart, "<circle"), 8u);
  EXPECT_EQ(occurrences(chart, "class=\"spread\""), 2u);
  EXPECT_THAT(chart, HasSubstr("series-1\">momentum=0.9<"));
  EXPECT_THAT(chart, HasSubstr("momentum=0.5, learning rate (lr) 0.005: 80.20% ± 0.20%"));
  EXPECT_THAT(chart, HasSubstr("The axis is logarithmic."));
  EXPECT_THAT(chart, HasSubstr("Mean of 3 seeds"));
}

TEST(SweepChart, HasALinearAxisForValuesThatAreCloseAndNoBarsWithOneSeed) {
  const std::string chart =
      body_of(sample_sweep(sample_plan({"lr=0.01,0.02,0.03"}, 1)), "accuracy");
  EXPECT_THAT(chart, Not(HasSubstr("logarithmic")));
  EXPECT_THAT(chart, Not(HasSubstr("class=\"spread\"")));
  EXPECT_THAT(chart, HasSubstr(">validation<"));
}

TEST(SweepChart, DoesNotReachBelowNothingOrAboveAll) {
  const std::string chart = body_of(
      sample_sweep(sample_plan({"lr=0.01,0.02"}),
                   of_setting(1,
                              [](TrialRecord& record) {
                                record.figures = Metrics{1.0, record.trial.seed == 1 ? 0.9 : 0.1};
                              })),
      "accuracy");
  EXPECT_THAT(chart, HasSubstr(">0%</text>"));
  EXPECT_THAT(chart, Not(HasSubstr(">-")));
  EXPECT_THAT(chart, Not(HasSubstr(">120%</text>")));
}

TEST(SweepChart, SaysWhichLinesAndSettingsItLeavesOut) {
  const std::string chart = body_of(
      sample_sweep(sample_plan({"lr=0.01,0.02", "momentum=0,0.1,0.2,0.3,0.4,0.5,0.6,0.7"}),
                   of_setting(15, [](TrialRecord& r) { r.status = TrialStatus::kDropped; })),
      "accuracy");
  EXPECT_EQ(occurrences(chart, "<circle"), 12u);
  EXPECT_THAT(chart, HasSubstr("the 6 lines with the best dots, of 8;"));
  EXPECT_THAT(chart, HasSubstr("Not shown: 1 setting"));
}

TEST(SweepChart, OfSettingsThatShareNoLineHasDots) {
  Plan plan = sample_plan({"lr=0.01,0.02,0.03", "momentum=0.5"});
  for (std::size_t i = 0; i < 3; ++i) plan.settings[i][1] = "0." + std::to_string(i + 5);
  const std::string chart = body_of(sample_sweep(plan), "accuracy");
  EXPECT_EQ(occurrences(chart, "<circle"), 3u);
  EXPECT_THAT(chart, HasSubstr("the other options differ, too"));
  EXPECT_THAT(chart, HasSubstr(">best<"));
}

TEST(SweepChart, TakesAnotherNumberWhereTheLearningRateDoesNotVaryAndNothingElse) {
  const auto of = [](const char* vary) {
    return body_of(sample_sweep(sample_plan({vary})), "accuracy");
  };
  EXPECT_THAT(of("batch-size=16,32,64"), HasSubstr("batch-size</text>"));
  EXPECT_EQ(of("nesterov=true,false"), "");
}

TEST(SweepPage, ShowsWhatDivergedWithoutANumber) {
  const SavedSweep sweep =
      sample_sweep(sample_plan({"lr=0.01,0.02"}), of_setting(1, [](TrialRecord& record) {
                     record.status = TrialStatus::kDiverged;
                     record.figures.reset();
                     record.message = "<i>why</i>";
                   }));
  EXPECT_THAT(body_of(sweep, "ranking"), HasSubstr(">diverged<"));
  EXPECT_THAT(body_of(sweep, "trials"), HasSubstr("diverged: &lt;i&gt;why"));
  EXPECT_THAT(sweep_page(sweep), Not(HasSubstr("nan%")));
}

TEST(SweepPage, EscapesEveryTextFromOutside) {
  SavedSweep sweep = sample_sweep(sample_plan({"lr=0.01,0.02"}));
  const std::string nasty = "<b>&\"'\xff";
  sweep.directory = "/runs/" + nasty;
  sweep.provenance = {nasty, nasty, {EngineChoice::kFused, nasty, 1, nasty}, {nasty, nasty, false}};
  sweep.retrain = nasty;
  const std::string page = sweep_page(sweep);
  EXPECT_EQ(occurrences(page, "<b>"), 0u);
  EXPECT_EQ(occurrences(page, "\xff"), 0u);
  EXPECT_GE(occurrences(page, "&lt;b&gt;&amp;&quot;&apos;"), 8u);
}

TEST(SweepPage, ListsSoManyTrialsAndSaysWhereTheOthersAre) {
  const std::string trials = body_of(sample_sweep(sample_plan({"lr=0.01,0.02"}, 300)), "trials");
  EXPECT_EQ(occurrences(trials, "<tr"), 501u);
  EXPECT_THAT(trials, HasSubstr("The first 500 of 600 trials"));
}

}  // namespace
}  // namespace fmnist
