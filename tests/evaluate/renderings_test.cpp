#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "evaluate/predictions.h"
#include "fmnist/evaluate/evaluation_csv.h"
#include "fmnist/evaluate/evaluation_json.h"
#include "fmnist/evaluate/evaluation_table.h"

namespace fmnist {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

std::vector<std::vector<std::string>> rows_of(const std::string& csv) {
  EXPECT_TRUE(csv.ends_with('\n'));
  std::vector<std::vector<std::string>> rows;
  std::istringstream lines(csv);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream cells(line);
    rows.emplace_back();
    for (std::string cell; std::getline(cells, cell, ',');) rows.back().push_back(cell);
  }
  return rows;
}

ShiftGrid numbered_grid(int reach) {
  ShiftGrid grid{reach, {}};
  for (int i = 0; i < (2 * reach + 1) * (2 * reach + 1); ++i)
    grid.accuracy.push_back(static_cast<double>(i) / 1000.0);
  return grid;
}

const Evaluation& noisy_evaluation() {
  static const Evaluation kEvaluation = evaluate(Predictions::noisy(500));
  return kEvaluation;
}

TEST(EvaluationJson, HoldsEveryFigure) {
  const Evaluation& evaluation = noisy_evaluation();
  const auto json = nlohmann::json::parse(to_json(evaluation).dump());
  EXPECT_EQ(json["images"], 500);
  EXPECT_EQ(json["loss"].get<double>(), evaluation.metrics.loss);
  EXPECT_EQ(json["accuracy"].get<double>(), evaluation.metrics.accuracy);
  EXPECT_EQ(json["accuracy_interval"][1].get<double>(), evaluation.accuracy_interval.second);
  EXPECT_EQ(json["top3_accuracy"].get<double>(), evaluation.top3_accuracy);
  EXPECT_EQ(json["macro"]["f1"].get<double>(), evaluation.macro_f1);
  ASSERT_EQ(json["classes"].size(), 10U);
  EXPECT_EQ(json["classes"][9]["name"], "Ankle boot");
  EXPECT_EQ(json["classes"][3]["recall"].get<double>(), evaluation.classes[3].recall);
  ASSERT_EQ(json["confusion"].size(), 10U);
  EXPECT_EQ(json["confusion"][2][6], evaluation.confusion[2][6]);
  EXPECT_EQ(json["confused"].size(), evaluation.confused.size());
  const auto [label, predicted] = evaluation.confused[0];
  EXPECT_EQ(json["confused"][0]["count"], evaluation.confusion[label][predicted]);
  EXPECT_EQ(json["calibration"]["ece"].get<double>(), evaluation.ece);
  ASSERT_EQ(json["calibration"]["bins"].size(), 15U);
  EXPECT_EQ(json["calibration"]["bins"][14]["up_to"], 1.0);
  ASSERT_EQ(json["misclassified"].size(), evaluation.mistakes.size());
  EXPECT_EQ(json["misclassified"][0]["index"], evaluation.mistakes[0].index);
  EXPECT_EQ(json["misclassified"][0]["probabilities"].size(), 10U);
}

TEST(EvaluationJson, IsAnEventOfTheSchema) {
  TrainedModel model;
  model.file = "runs/a/model.safetensors";
  model.epoch = 40;
  Provenance provenance;
  provenance.engine = {EngineChoice::kFused, "cpu", 2, "avx2"};
  const auto event =
      evaluation_event(model, SplitName::kVal, provenance, noisy_evaluation(), numbered_grid(1));
  EXPECT_EQ(event["schema"], "fmnist-train/1");
  EXPECT_EQ(event["event"], "evaluation");
  EXPECT_EQ(event["checkpoint"], "runs/a/model.safetensors");
  EXPECT_EQ(event["epoch"], 40);
  EXPECT_EQ(event["split"], "val");
  EXPECT_EQ(event["engine"]["name"], "fused");
  EXPECT_EQ(event["images"], 500);
  EXPECT_EQ(event["shifts"]["reach"], 1);
  EXPECT_EQ(event["shifts"]["accuracy"][2][0], 0.006);  // dy = 1, dx = -1
  EXPECT_FALSE(evaluation_event(model, SplitName::kVal, provenance, noisy_evaluation(), {})
                   .contains("shifts"));
}

TEST(EvaluationCsv, HasARowPerClassOfTheConfusion) {
  const auto rows = rows_of(confusion_csv(noisy_evaluation()));
  ASSERT_EQ(rows.size(), 11U);
  EXPECT_THAT(rows, Each(SizeIs(11)));
  EXPECT_EQ(rows[0][7], "Shirt");
  EXPECT_EQ(rows[7][0], "Shirt");
  EXPECT_EQ(rows[3][5], std::to_string(noisy_evaluation().confusion[2][4]));
}

TEST(EvaluationCsv, WritesNumbersThatReadBackAsTheSame) {
  const auto rows = rows_of(classes_csv(noisy_evaluation()));
  ASSERT_EQ(rows.size(), 11U);
  EXPECT_THAT(rows, Each(SizeIs(8)));
  for (std::size_t label = 0; label < kClassCount; ++label) {
    EXPECT_EQ(std::stod(rows[label + 1][5]), noisy_evaluation().classes[label].precision);
    EXPECT_EQ(std::stod(rows[label + 1][7]), noisy_evaluation().classes[label].f1);
  }
}

TEST(EvaluationCsv, HasARowPerMistake) {
  const auto rows = rows_of(misclassified_csv(noisy_evaluation()));
  ASSERT_EQ(rows.size(), 1 + noisy_evaluation().mistakes.size());
  EXPECT_THAT(rows, Each(SizeIs(14)));
  const Mistake& first = noisy_evaluation().mistakes.front();
  EXPECT_EQ(rows[1][0], std::to_string(first.index));
  EXPECT_EQ(rows[1][1], kClassNames[first.label]);
  EXPECT_EQ(rows[1][2], kClassNames[first.predicted]);
  EXPECT_EQ(std::stod(rows[1][3]), first.confidence);
}

TEST(EvaluationCsv, HasARowPerBin) {
  const auto rows = rows_of(reliability_csv(noisy_evaluation()));
  ASSERT_EQ(rows.size(), 16U);
  EXPECT_THAT(rows, Each(SizeIs(5)));
  std::uint64_t count = 0;
  for (std::size_t row = 1; row < rows.size(); ++row) count += std::stoull(rows[row][2]);
  EXPECT_EQ(count, 500U);
}

TEST(EvaluationCsv, HasARowPerShift) {
  const auto rows = rows_of(shifts_csv(numbered_grid(1)));
  ASSERT_EQ(rows.size(), 10U);
  EXPECT_EQ(rows[1], (std::vector<std::string>{"-1", "-1", "0.0"}));
  EXPECT_EQ(rows[3], (std::vector<std::string>{"1", "-1", "0.002"}));
  EXPECT_EQ(rows[9], (std::vector<std::string>{"1", "1", "0.008"}));
}

void expect_narrow(const std::string& table) {
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
  EXPECT_TRUE(table.ends_with('\n'));
}

TEST(EvaluationTable, ShowsTheFiguresWithinEightyColumns) {
  Evaluation evaluation = evaluate(Predictions{}.add(9, 9, 0.9).add(6, 0, 0.8).add(0, 0, 0.7));
  const std::string table = evaluation_table(evaluation);
  EXPECT_THAT(table, HasSubstr("3 images, loss "));
  EXPECT_THAT(table, HasSubstr(" 66.67%"));
  EXPECT_THAT(table, HasSubstr("1 of 1 Shirt taken for T-shirt/top (100.0%)"));
  EXPECT_THAT(table, HasSubstr("      1  Shirt         T-shirt/top   80.00%  (right one 2.22%)"));
  expect_narrow(table);
  // The widest it can get: 60,000 images of each class.
  for (auto& row : evaluation.confusion) row.fill(60000);
  for (ClassScores& scores : evaluation.classes) scores = {60000, 60000, 60000, 1.0, 1.0, 1.0};
  evaluation.mistakes[0] = {59999, 0, 0, 1.0, {1.0}};
  expect_narrow(evaluation_table(evaluation));
}

TEST(EvaluationTable, LeavesOutMistakesThatAreNone) {
  const std::string table = evaluation_table(evaluate(Predictions{}.add(9, 9, 0.9)));
  EXPECT_THAT(table, Not(HasSubstr("mistakes")));
  EXPECT_THAT(table, Not(HasSubstr("confused")));
}

TEST(ShiftsTable, AlignsItsColumnsWithinEightyColumns) {
  ShiftGrid grid = numbered_grid(kMaxShiftReach);
  grid.accuracy[3] = 1.0;
  grid.accuracy[4] = 0.99949;
  grid.accuracy[5] = 0.9996;
  const std::string table = shifts_table(grid);
  expect_narrow(table);
  std::istringstream lines(table);
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) EXPECT_EQ(line.size(), 79U) << line;
  EXPECT_THAT(table, HasSubstr("  -7  0.0  0.1  0.2  100 99.9  100  0.6"));
}

}  // namespace
}  // namespace fmnist
