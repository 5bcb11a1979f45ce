#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "fmnist/report/report_content.h"
#include "report/page_parts.h"
#include "report/sample_content.h"

namespace fmnist {
namespace {

using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kNotANumber = "[^[:alnum:]]-?nan[^[:alnum:]]";  // not within base64

std::string body_of(const ReportContent& content, const std::string& id) {
  return section_of(report_page(content), id);
}

TEST(ReportPage, HoldsEverySectionInOrder) {
  const std::string page = report_page(sample_content());
  const std::vector<std::string> ids = section_ids(page);
  EXPECT_THAT(ids, ElementsAre("curves", "classes", "confusion", "calibration", "filters",
                               "feature-maps", "mistakes", "shifts", "settings"));
  for (const std::string& id : ids) {
    EXPECT_GT(section_of(page, id).size(), 500u) << id;
    EXPECT_EQ(occurrences(page, "<section id=\"" + id + "\""), 1u);
    EXPECT_EQ(occurrences(page, "href=\"#" + id + "\""), 1u);
  }
}

TEST(ReportPage, NeedsNothingFromElsewhere) {
  const std::string page = report_page(sample_content());
  for (const char* part : {"<script", "http:", "https:", "url(", "@import", "src=\"/"})
    EXPECT_THAT(page, Not(HasSubstr(part)));
  EXPECT_EQ(occurrences(page, "src="), occurrences(page, "src=\"data:image/png;base64,"));
}

TEST(ReportPage, SaysTheMainResultFirst) {
  ReportContent content = sample_content();
  content.evaluation.metrics = {0.29071, 0.8986};
  content.evaluation.count = 10000;
  const std::string page = report_page(content);
  EXPECT_THAT(page, HasSubstr("89.86%"));
  EXPECT_THAT(page, HasSubstr("of 10,000 test images recognised"));
  EXPECT_THAT(page, HasSubstr("0.2907"));
  EXPECT_THAT(page, HasSubstr("Finished after 2 epochs in 1.2 s. Engine fused (avx2) on cpu, 2"));
  EXPECT_THAT(page, HasSubstr("Batch size 64, learning rate 0.01, momentum 0.5, seed 0."));
}

TEST(ReportPage, EscapesEveryTextFromOutside) {
  ReportContent content = sample_content();
  const std::string nasty = "<b>&\"'\xff";
  content.directory = "/runs/" + nasty;
  content.model.file = content.directory / "model.safetensors";
  content.data.directory = nasty;
  content.model.config->data_dir = nasty;
  content.model.provenance->data.sha256 = nasty;
  content.run->provenance.engine = {EngineChoice::kFused, nasty, 1, nasty};
  content.run->provenance.program_version = nasty;
  content.run->provenance.libtorch_version = nasty;
  const std::string page = report_page(content);
  EXPECT_EQ(occurrences(page, "<b>"), 0u);
  EXPECT_EQ(occurrences(page, "\xff"), 0u);
  EXPECT_GE(occurrences(page, "&lt;b&gt;&amp;&quot;&apos;\xEF\xBF\xBD"), 10u);
}

TEST(ReportPage, CurvesHaveAPointPerEpochAndTheirLastValue) {
  const std::string curves = body_of(sample_content(), "curves");
  EXPECT_EQ(occurrences(curves, "<svg"), 2u);
  EXPECT_EQ(occurrences(curves, "<circle"), 8u);
  EXPECT_THAT(curves, HasSubstr("test, epoch 1: 1.2500"));
  EXPECT_THAT(curves, HasSubstr(">81.25%<"));
  EXPECT_THAT(curves, HasSubstr("epoch</text>"));
  EXPECT_THAT(curves, HasSubstr("cross-entropy</text>"));
}

TEST(ReportPage, CurvesOfAValidationRunSayValidation) {
  ReportContent content = sample_content();
  for (EpochFinished& epoch : content.epochs) epoch.on_val = true;
  EXPECT_THAT(body_of(content, "curves"), HasSubstr(">validation<"));
  EXPECT_THAT(body_of(content, "curves"), Not(HasSubstr(">test<")));
  EXPECT_THAT(report_page(content),
              HasSubstr("weights of epoch 2, with a validation accuracy of 81.25%"));
}

TEST(ReportPage, CurvesLeaveOutWhatIsNotFinite) {
  ReportContent content = sample_content();
  content.epochs[1].evaluated.loss = std::numeric_limits<double>::quiet_NaN();
  const std::string curves = body_of(content, "curves");
  EXPECT_EQ(occurrences(curves, "<circle"), 7u);
  EXPECT_THAT(curves, Not(ContainsRegex(kNotANumber)));
}

TEST(ReportPage, ARunWithoutEpochsHasNoCurves) {
  ReportContent content = sample_content();
  content.epochs.clear();
  content.run->epochs = 0;
  EXPECT_THAT(body_of(content, "curves"), HasSubstr("No epoch was finished"));
  EXPECT_THAT(report_page(content), HasSubstr("Finished after 0 epochs"));
}

TEST(ReportPage, SaysHowTheRunEnded) {
  ReportContent content = sample_content();
  const auto page_with = [&](RunStatus status) {
    content.run->status = status;
    return report_page(content);
  };
  EXPECT_THAT(page_with(RunStatus::kMaxTime), HasSubstr("Stopped by --max-time after 2 epochs"));
  EXPECT_THAT(page_with(RunStatus::kInterrupted), HasSubstr("Interrupted after 2 epochs"));
  EXPECT_THAT(page_with(RunStatus::kDiverged), HasSubstr("diverged after 2 epochs"));
  content.run.reset();
  EXPECT_THAT(report_page(content), HasSubstr("no result yet"));
}

TEST(ReportPage, WarnsOfOtherData) {
  ReportContent content = sample_content();
  EXPECT_THAT(report_page(content), Not(HasSubstr("class=\"warning\"")));
  content.data.verified = false;
  EXPECT_THAT(report_page(content), HasSubstr("not the published Fashion-MNIST"));
  content.model.provenance->data.sha256 = "other";
  EXPECT_THAT(report_page(content), HasSubstr("trained on other data"));
}

TEST(ReportPage, TheConfusionMatrixShowsEveryCount) {
  ReportContent content = sample_content();
  content.evaluation = evaluate(Predictions().add(6, 0, 0.9).add(6, 0, 0.9).add(6, 6, 0.9));
  const std::string confusion = body_of(content, "confusion");
  EXPECT_EQ(occurrences(confusion, "<td"), 100u);
  EXPECT_THAT(confusion, HasSubstr("title=\"Shirt taken for T-shirt/top: 2 of 3 (66.7%)\">2<"));
  EXPECT_THAT(confusion, HasSubstr("title=\"Shirt taken for Shirt: 1 of 3 (33.3%)\">1<"));
  EXPECT_THAT(confusion, HasSubstr("Most often 2 of 3 images"));
}

TEST(ReportPage, TheDiagramHasTwoBarsPerBinThatHoldsImages) {
  ReportContent content = sample_content();
  content.evaluation = evaluate(Predictions().add(1, 1, 0.97).add(1, 2, 0.95).add(3, 3, 0.5));
  const std::string calibration = body_of(content, "calibration");
  EXPECT_EQ(occurrences(calibration, "<rect"), 4u);
  EXPECT_THAT(calibration, HasSubstr("93% to 100%: 2 images, mean probability 96.0%, right 50.0%"));
}

TEST(ReportPage, ShowsPicturesOfFiltersMapsAndMistakes) {
  const ReportContent content = sample_content();
  EXPECT_EQ(occurrences(body_of(content, "filters"), "<img"), 10u);
  EXPECT_EQ(occurrences(body_of(content, "feature-maps"), "<img"), 30u);
  ASSERT_GT(content.evaluation.mistakes.size(), kMistakesInReport);
  EXPECT_EQ(occurrences(body_of(content, "mistakes"), "<img"), kMistakesInReport);
  const Mistake& first = content.evaluation.mistakes.front();
  EXPECT_THAT(body_of(content, "mistakes"),
              HasSubstr(std::string(kClassNames[first.label]) + "</span><span class=\"taken\">" +
                        std::string(kClassNames[first.predicted])));
}

TEST(ReportPage, APerfectNetworkMakesASensiblePage) {
  ReportContent content = sample_content();
  content.evaluation = evaluate(Predictions().add(1, 1, 0.97));
  content.test = learnable_split(1, 1);
  content.model.parameters = {};
  EXPECT_THAT(body_of(content, "mistakes"), HasSubstr("There are none"));
  EXPECT_THAT(body_of(content, "confusion"), HasSubstr("No image was taken for another class"));
  EXPECT_THAT(report_page(content), Not(ContainsRegex(kNotANumber)));
}

TEST(ReportPage, TheShiftGridSaysWhatMovingCosts) {
  const std::string shifts = body_of(sample_content(), "shifts");
  EXPECT_EQ(occurrences(shifts, "<td"), 9u);
  EXPECT_THAT(shifts, HasSubstr("moved 1 pixel right 1 pixel up: 30.00%"));
  EXPECT_THAT(shifts, HasSubstr("<strong>90.0%</strong> of the test images"));
  EXPECT_THAT(shifts, HasSubstr("<strong>10.0%</strong> in the worst direction"));
  EXPECT_EQ(occurrences(shifts, "marked"), 1u);
}

TEST(ReportPage, WithoutShiftsSaysHowToGetThem) {
  ReportContent content = sample_content();
  content.shifts.reset();
  EXPECT_EQ(body_of(content, "shifts"), "");
  EXPECT_THAT(report_page(content), HasSubstr("fmnist-train report RUN_DIR</code> adds"));
}

TEST(ReportPage, MarksSettingsThatAreNotTheBooks) {
  ReportContent content = sample_content();
  EXPECT_THAT(body_of(content, "settings"), Not(HasSubstr("class=\"changed\"")));
  content.model.config->learning_rate = 0.05;
  content.model.config->train_limit = 100;
  const std::string settings = body_of(content, "settings");
  EXPECT_THAT(settings, HasSubstr(">0.05 <span class=\"book\">book: 0.01<"));
  EXPECT_THAT(settings, HasSubstr(">100 <span class=\"book\">not in the book<"));
  content.model.config.reset();
  EXPECT_THAT(body_of(content, "settings"), HasSubstr("does not say"));
}

}  // namespace
}  // namespace fmnist
