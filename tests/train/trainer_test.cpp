#include "fmnist/train/trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "train/fake_engine.h"

namespace fmnist {
namespace {

/// Keeps what a run tells.
struct Recorder final : Observer {
  std::vector<StepDone> steps;
  std::vector<TrainProgress> progress;
  std::vector<EpochFinished> epochs;
  std::vector<RunPosition> positions;
  int starts = 0;
  int finishes = 0;

  void on_start(const RunStarted&) override { ++starts; }
  void on_step(const StepDone& event) override { steps.push_back(event); }
  void on_progress(const TrainProgress& event) override { progress.push_back(event); }
  void on_epoch(const EpochFinished& event) override { epochs.push_back(event); }
  void on_position(const RunPosition& event) override { positions.push_back(event); }
  void on_finish(const RunResult&) override { ++finishes; }
};

class TrainerTest : public testing::Test {
 protected:
  TrainerTest() {
    config.epochs = 3;
    config.batch_size = 4;
    config.log_every = 2;
    test.images.resize(20 * kImagePixels);
    test.labels.assign(20, 0);
    data.train_indices.resize(10);
    std::iota(data.train_indices.begin(), data.train_indices.end(), 100u);
    data.train = &test;  // only the engine would look at the images
    data.test = &test;
  }

  RunResult run(FakeEngine& engine, RunPosition position = {}) {
    return train(config, data, engine, std::move(position), {&recorder}, request, until);
  }

  Config config;
  Split test;
  TrainData data;
  Recorder recorder;
  std::function<Request()> request = [] { return Request::kNone; };
  std::optional<std::uint64_t> until;
};

TEST_F(TrainerTest, EveryEpochVisitsEveryImageOnceInAnOrderOfItsOwn) {
  FakeEngine engine;
  run(engine);
  ASSERT_EQ(engine.steps.size(), 9u);  // batches of 4, 4 and 2
  std::vector<std::vector<std::uint32_t>> orders(3);
  for (std::size_t step = 0; step < 9; ++step) {
    EXPECT_EQ(engine.steps[step].step, step);
    auto& order = orders[step / 3];
    order.insert(order.end(), engine.steps[step].indices.begin(), engine.steps[step].indices.end());
  }
  EXPECT_NE(orders[0], orders[1]);
  EXPECT_NE(orders[1], orders[2]);
  for (auto order : orders) {
    std::sort(order.begin(), order.end());
    EXPECT_EQ(order, data.train_indices);
  }
}

TEST_F(TrainerTest, EpochEventsCarryTheirOwnMeans) {
  FakeEngine engine;
  run(engine);
  ASSERT_EQ(recorder.epochs.size(), 3u);
  const EpochFinished& second = recorder.epochs[1];
  EXPECT_EQ(second.epoch, 2u);
  EXPECT_EQ(second.step, 6u);
  EXPECT_DOUBLE_EQ(second.train.loss, (3.25 + 4.25 + 5.25) / 10);
  EXPECT_DOUBLE_EQ(second.train.accuracy, 3.0 / 10);
  EXPECT_DOUBLE_EQ(second.evaluated.accuracy, 6.0 / 20);
  EXPECT_EQ(second.weights_sha256.size(), 64u);
  EXPECT_EQ(recorder.starts, 1);
  EXPECT_EQ(recorder.finishes, 1);
}

TEST_F(TrainerTest, ProgressComesEveryLogIntervalAndAtTheEndOfAnEpoch) {
  FakeEngine engine;
  config.epochs = 1;
  run(engine);
  ASSERT_EQ(recorder.progress.size(), 2u);
  EXPECT_EQ(recorder.progress[0].images_done, 8u);
  EXPECT_DOUBLE_EQ(recorder.progress[0].train.loss, (0.25 + 1.25) / 8);
  EXPECT_EQ(recorder.progress[1].images_done, 10u);
  EXPECT_DOUBLE_EQ(recorder.progress[1].train.loss, 2.25 / 2);
}

TEST_F(TrainerTest, EveryStepIsToldWithItsPlace) {
  FakeEngine engine;
  run(engine);
  ASSERT_EQ(recorder.steps.size(), 9u);
  for (std::uint64_t index = 0; index < 9; ++index) {
    EXPECT_EQ(recorder.steps[index].step, index + 1);
    EXPECT_EQ(recorder.steps[index].epoch, 1 + index / 3);
    EXPECT_EQ(recorder.steps[index].images_done, std::min<std::uint64_t>(4 * (index % 3 + 1), 10));
  }
}

TEST_F(TrainerTest, TheFinalFiguresAreThoseOfTheLastEpochWithoutAnotherEvaluation) {
  FakeEngine engine;
  const RunResult result = run(engine);
  EXPECT_EQ(result.status, RunStatus::kFinished);
  EXPECT_EQ(result.epochs, 3u);
  EXPECT_EQ(result.final, recorder.epochs[2].evaluated);
  EXPECT_EQ(engine.evaluations, 3);
  EXPECT_FALSE(result.best);
}

TEST_F(TrainerTest, ZeroEpochsEvaluateTheInitialWeights) {
  FakeEngine engine;
  config.epochs = 0;
  const RunResult result = run(engine);
  EXPECT_TRUE(engine.steps.empty());
  ASSERT_TRUE(result.final);
  EXPECT_EQ(result.final->accuracy, 0.0);
  ASSERT_EQ(recorder.positions.size(), 1u);
  EXPECT_EQ(recorder.positions[0].epochs, 0u);
}

TEST_F(TrainerTest, LimitedBatchesEndEveryEpochEarly) {
  FakeEngine engine;
  config.limit_batches = 2;
  run(engine);
  EXPECT_EQ(engine.steps.size(), 6u);
  EXPECT_EQ(recorder.progress.back().images_total, 8u);
}

TEST_F(TrainerTest, TheBestEpochIsTheFirstWithTheHighestValidationAccuracy) {
  FakeEngine engine;
  data.val.images.resize(5 * kImagePixels);
  data.val.labels.assign(5, 0);
  const RunResult result = run(engine);  // 3 of 5 right after epoch 1, then 5 of 5 twice
  ASSERT_TRUE(result.best);
  EXPECT_EQ(result.best->epoch, 2u);
  EXPECT_DOUBLE_EQ(result.best->val.accuracy, 1.0);
  EXPECT_DOUBLE_EQ(result.best->test.accuracy, 6.0 / 20);
  EXPECT_EQ(result.best->parameters.values[0], 6.0f);
  EXPECT_EQ(result.shipped().values[0], 6.0f);
  EXPECT_EQ(result.parameters.values[0], 9.0f);
  EXPECT_TRUE(recorder.epochs[0].on_val);
  ASSERT_TRUE(result.final);
  EXPECT_DOUBLE_EQ(result.final->accuracy, 9.0 / 20);
}

TEST_F(TrainerTest, PositionsAreKeptEveryIntervalOfEpochsAndAtTheEnd) {
  FakeEngine engine;
  config.epochs = 5;
  config.checkpoint_every = {2, false};
  run(engine);
  std::vector<std::uint64_t> kept;
  for (const RunPosition& position : recorder.positions) kept.push_back(position.epochs);
  EXPECT_EQ(kept, (std::vector<std::uint64_t>{2, 4, 5}));
}

TEST_F(TrainerTest, PositionsAreKeptEveryIntervalOfBatches) {
  FakeEngine engine;
  config.checkpoint_every = {4, true};
  run(engine);
  std::vector<std::uint64_t> kept;
  for (const RunPosition& position : recorder.positions) kept.push_back(position.state.step);
  EXPECT_EQ(kept, (std::vector<std::uint64_t>{4, 8, 9}));
}

TEST_F(TrainerTest, AStopEndsTheRunAfterTheStepWithItsPositionKept) {
  FakeEngine engine;
  request = [&] { return engine.steps.size() == 5 ? Request::kStop : Request::kNone; };
  const RunResult result = run(engine);
  EXPECT_EQ(result.status, RunStatus::kInterrupted);
  EXPECT_EQ(result.epochs, 1u);
  EXPECT_EQ(engine.steps.size(), 5u);
  EXPECT_FALSE(result.final);
  EXPECT_EQ(recorder.positions.back().state.step, 5u);
  EXPECT_DOUBLE_EQ(recorder.positions.back().epoch_totals.loss, 3.25 + 4.25);
}

TEST_F(TrainerTest, ResumingAtAnyStepGivesTheUndisturbedRun) {
  FakeEngine undisturbed;
  run(undisturbed);
  const Recorder expected = std::exchange(recorder, {});
  for (std::size_t stop = 1; stop < 9; ++stop) {
    FakeEngine first;
    request = [&] { return first.steps.size() == stop ? Request::kStop : Request::kNone; };
    run(first);
    const RunPosition position = recorder.positions.back();
    request = [] { return Request::kNone; };
    FakeEngine second(position.state);
    run(second, position);
    ASSERT_EQ(recorder.epochs.size(), 3u) << "stopped after step " << stop;
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(recorder.epochs[i].train, expected.epochs[i].train);
      EXPECT_EQ(recorder.epochs[i].evaluated, expected.epochs[i].evaluated);
      EXPECT_EQ(recorder.epochs[i].weights_sha256, expected.epochs[i].weights_sha256);
    }
    for (std::size_t i = 0; i < second.steps.size(); ++i)
      EXPECT_EQ(second.steps[i].indices, undisturbed.steps[stop + i].indices);
    recorder = {};
  }
}

TEST_F(TrainerTest, PausedAfterEveryEpochARunEndsAsTheUndisturbedOne) {
  config.lr_schedule = LrSchedule::kLinear;
  FakeEngine undisturbed;
  const RunResult expected = run(undisturbed);
  recorder = {};
  RunPosition position;
  std::vector<FakeEngine::Step> steps;
  for (std::uint64_t epoch = 1; epoch <= 3; ++epoch) {
    until = epoch;
    FakeEngine engine(position.state);
    const RunResult result = run(engine, position);
    EXPECT_EQ(result.status, epoch < 3 ? RunStatus::kPaused : RunStatus::kFinished);
    EXPECT_EQ(result.epochs, epoch);
    EXPECT_EQ(engine.steps.size(), 3u);
    ASSERT_EQ(recorder.positions.size(), epoch) << "kept once, at the end of the epoch";
    position = recorder.positions.back();
    EXPECT_EQ(position.state.step, 3 * epoch);
    steps.insert(steps.end(), engine.steps.begin(), engine.steps.end());
    if (epoch == 3) {
      EXPECT_EQ(result.final, expected.final);
    }
  }
  for (std::size_t step = 0; step < 9; ++step) {
    EXPECT_EQ(steps[step].indices, undisturbed.steps[step].indices);
    EXPECT_EQ(steps[step].learning_rate, undisturbed.steps[step].learning_rate);
  }
}

TEST_F(TrainerTest, ARunThatWasPausedLaterIsPausedAtOnce) {
  RunPosition position;
  position.epochs = 2;
  position.state.step = 6;
  FakeEngine engine(position.state);
  until = 1;
  EXPECT_EQ(run(engine, position).status, RunStatus::kPaused);
  EXPECT_TRUE(engine.steps.empty());
}

TEST_F(TrainerTest, ARequestedCheckpointDoesNotStopTheRun) {
  FakeEngine engine;
  request = [&] { return engine.steps.size() == 2 ? Request::kCheckpoint : Request::kNone; };
  const RunResult result = run(engine);
  EXPECT_EQ(result.status, RunStatus::kFinished);
  EXPECT_EQ(recorder.positions.front().state.step, 2u);
}

TEST_F(TrainerTest, ALossThatIsNotFiniteEndsTheRunAtTheNextLogPoint) {
  FakeEngine engine;
  config.learning_rate = 0.125;
  engine.on_step = [](FakeEngine& self) {
    if (self.steps.size() == 3) self.poison_loss();
  };
  const RunResult result = run(engine);
  EXPECT_EQ(result.status, RunStatus::kDiverged);
  EXPECT_EQ(engine.steps.size(), 3u);
  EXPECT_EQ(result.diverged,
            "the training loss is no longer finite in epoch 1 after step 3 with learning rate "
            "0.125");
  EXPECT_TRUE(recorder.positions.empty());
  EXPECT_FALSE(result.final);
  EXPECT_EQ(recorder.finishes, 1);
}

TEST_F(TrainerTest, AWeightThatIsNotFiniteIsNeverKept) {
  FakeEngine engine;
  engine.on_step = [](FakeEngine& self) {
    if (self.steps.size() == 5) self.poison_weights();
  };
  const RunResult result = run(engine);
  EXPECT_EQ(result.status, RunStatus::kDiverged);
  EXPECT_NE(result.diverged.find("a weight"), std::string::npos);
  ASSERT_EQ(recorder.positions.size(), 1u);
  EXPECT_EQ(recorder.positions[0].epochs, 1u);
}

TEST_F(TrainerTest, MaxTimeEndsTheRunWithAnEvaluation) {
  FakeEngine engine;
  config.max_time = Seconds(1e-9);
  const RunResult result = run(engine);
  EXPECT_EQ(result.status, RunStatus::kMaxTime);
  EXPECT_EQ(engine.steps.size(), 1u);
  EXPECT_TRUE(result.final);
  EXPECT_EQ(recorder.positions.back().state.step, 1u);
}

TEST_F(TrainerTest, TheLearningRateFollowsTheSchedule) {
  FakeEngine engine;
  config.lr_schedule = LrSchedule::kLinear;
  config.learning_rate = 0.9;
  run(engine);
  for (std::size_t step = 0; step < 9; ++step)
    EXPECT_DOUBLE_EQ(engine.steps[step].learning_rate, 0.9 * (1.0 - static_cast<double>(step) / 9));
}

}  // namespace
}  // namespace fmnist
