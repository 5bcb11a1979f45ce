#include "fmnist/train/schedule.h"

#include <gtest/gtest.h>

namespace fmnist {
namespace {

TEST(ScheduleTest, ConstantIsConstant) {
  const Schedule schedule{LrSchedule::kConstant, 0.01, 0, 100};
  EXPECT_EQ(schedule.learning_rate(0), 0.01);
  EXPECT_EQ(schedule.learning_rate(99), 0.01);
}

TEST(ScheduleTest, WarmUpRisesLinearlyToThePeak) {
  const Schedule schedule{LrSchedule::kConstant, 0.8, 4, 100};
  EXPECT_DOUBLE_EQ(schedule.learning_rate(0), 0.2);
  EXPECT_DOUBLE_EQ(schedule.learning_rate(1), 0.4);
  EXPECT_DOUBLE_EQ(schedule.learning_rate(3), 0.8);
  EXPECT_DOUBLE_EQ(schedule.learning_rate(4), 0.8);
}

TEST(ScheduleTest, LinearFallsToZeroAtTheEnd) {
  const Schedule schedule{LrSchedule::kLinear, 1.0, 10, 110};
  EXPECT_DOUBLE_EQ(schedule.learning_rate(10), 1.0);
  EXPECT_DOUBLE_EQ(schedule.learning_rate(60), 0.5);
  EXPECT_DOUBLE_EQ(schedule.learning_rate(110), 0.0);
}

TEST(ScheduleTest, CosineIsHalfWayInTheMiddle) {
  const Schedule schedule{LrSchedule::kCosine, 2.0, 0, 100};
  EXPECT_DOUBLE_EQ(schedule.learning_rate(0), 2.0);
  EXPECT_NEAR(schedule.learning_rate(25), 1.0 + 0.70710678118654752, 1e-15);
  EXPECT_NEAR(schedule.learning_rate(50), 1.0, 1e-15);
  EXPECT_NEAR(schedule.learning_rate(100), 0.0, 1e-15);
}

TEST(ScheduleTest, StepDividesByTenAfterOneHalfAndThreeQuarters) {
  const Schedule schedule{LrSchedule::kStep, 1.0, 0, 8};
  EXPECT_EQ(schedule.learning_rate(3), 1.0);
  EXPECT_EQ(schedule.learning_rate(4), 0.1);
  EXPECT_EQ(schedule.learning_rate(5), 0.1);
  EXPECT_EQ(schedule.learning_rate(6), 0.01);
}

TEST(ScheduleTest, AFractionOfAnEpochWarmsUpInSteps) {
  Config config;
  config.epochs = 3;
  config.warmup_epochs = 0.5;
  config.lr_schedule = LrSchedule::kCosine;
  const Schedule schedule = make_schedule(config, 938);
  EXPECT_EQ(schedule.warmup_steps, 469u);
  EXPECT_EQ(schedule.total_steps, 2814u);
}

}  // namespace
}  // namespace fmnist
