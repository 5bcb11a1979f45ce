#include "fmnist/run/epoch_records.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "support/errors.h"

namespace fmnist {
namespace {

EpochFinished epoch(std::uint64_t number) {
  return {.epoch = number,
          .step = 938 * number,
          .learning_rate = 0.01 / 3,
          .train = {0.1 + 0.2, 0.5},
          .on_val = number % 2 == 0,
          .evaluated = {1e-17, 1.0},
          .seconds = {},
          .images_per_second = 1.0,
          .weights_sha256 = "abc"};
}

std::string two_epochs() {
  return metrics_csv_header() + metrics_csv_row(epoch(1)) + metrics_csv_row(epoch(2));
}

EpochFinished finished() {
  return {3, 2814, 0.01, {0.5, 0.75}, false, {0.625, 0.5}, {1.5, 0.25}, 40000.0, "feed"};
}

TEST(EpochEvent, NamesTheSplitItWasEvaluatedOn) {
  EpochFinished event = finished();
  EXPECT_EQ(epoch_event(event)["test"].dump(), R"({"loss":0.625,"accuracy":0.5})");
  EXPECT_FALSE(epoch_event(event).contains("val"));
  event.on_val = true;
  EXPECT_TRUE(epoch_event(event).contains("val"));
  EXPECT_FALSE(epoch_event(event).contains("test"));
}

TEST(EpochEvent, ALossThatIsNoNumberIsNull) {
  EpochFinished event = finished();
  event.train.loss = std::numeric_limits<double>::infinity();
  EXPECT_TRUE(epoch_event(event)["train"]["loss"].is_null());
}

TEST(MetricsCsv, RowsMatchTheHeader) {
  EXPECT_EQ(metrics_csv_header(),
            "epoch,step,lr,train_loss,train_accuracy,split,loss,accuracy,weights_sha256\n");
  EXPECT_EQ(metrics_csv_row(finished()), "3,2814,0.01,0.5,0.75,test,0.625,0.5,feed\n");
}

TEST(MetricsCsv, ReadsWhatARunWroteToTheLastDigit) {
  const auto rows = parse_metrics_csv(two_epochs(), "metrics.csv");
  ASSERT_EQ(rows.size(), 2u);
  for (std::uint64_t i = 0; i < 2; ++i) {
    const EpochFinished expected = epoch(i + 1);
    EXPECT_EQ(rows[i].epoch, expected.epoch);
    EXPECT_EQ(rows[i].step, expected.step);
    EXPECT_EQ(rows[i].learning_rate, expected.learning_rate);
    EXPECT_EQ(rows[i].train, expected.train);
    EXPECT_EQ(rows[i].on_val, expected.on_val);
    EXPECT_EQ(rows[i].evaluated, expected.evaluated);
    EXPECT_EQ(rows[i].weights_sha256, expected.weights_sha256);
  }
}

TEST(MetricsCsv, ANumberThatIsNotFiniteReadsAsSuch) {
  EpochFinished blown_up = epoch(1);
  blown_up.evaluated.loss = std::numeric_limits<double>::infinity();
  const auto rows = parse_metrics_csv(metrics_csv_header() + metrics_csv_row(blown_up), "m");
  EXPECT_TRUE(std::isnan(rows.at(0).evaluated.loss));
}

TEST(MetricsCsv, AHeaderAloneIsARunWithoutEpochs) {
  EXPECT_TRUE(parse_metrics_csv(metrics_csv_header(), "m").empty());
}

TEST(MetricsCsv, RefusesAFileCutAnywhereButBetweenRows) {
  const std::string whole = two_epochs();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const std::string cut = whole.substr(0, length);
    if (length >= metrics_csv_header().size() && cut.ends_with('\n')) continue;
    expect_parts(error_of(ErrorKind::kCheckpoint, [&] { parse_metrics_csv(cut, "m.csv"); }),
                 {"'m.csv'", "line "});
  }
}

TEST(MetricsCsv, NamesTheLineThatIsNoEpoch) {
  for (const char* row : {"x,1,0.1,1,0.5,test,1,0.5,abc", "1,1,0.1,1,0.5,train,1,0.5,abc",
                          "1,1,0.1,1,0.5,test,1,0.5,", "1,1,0.1,1,0.5,test,1,0.5,abc,more",
                          "1,1,,1,0.5,test,1,0.5,abc", "1,1,0.1x,1,0.5,test,1,0.5,abc",
                          "-1,1,0.1,1,0.5,test,1,0.5,abc", ""}) {
    const std::string bytes = metrics_csv_header() + metrics_csv_row(epoch(1)) + row + "\n";
    expect_parts(error_of(ErrorKind::kCheckpoint, [&] { parse_metrics_csv(bytes, "m"); }),
                 {"line 3"});
  }
}

}  // namespace
}  // namespace fmnist
