#include "fmnist/engine/torch/torch_engine.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <numeric>

#include "fmnist/engine/torch/cnn.h"
#include "support/idx_writer.h"

namespace fmnist {
namespace {

std::vector<std::uint32_t> in_order(std::size_t count) {
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0u);
  return order;
}

class TorchEngineTest : public testing::Test {
 protected:
  std::unique_ptr<Engine> engine(const TrainState& state) const {
    return make_torch_engine(options, state, "cpu", 1);
  }
  TrainState initial(std::uint64_t seed = 0) const { return {initial_parameters(seed), {}, 0}; }
  /// Steps `first` to `last` - 1 over batches of 16.
  void train(Engine& engine, std::uint64_t first, std::uint64_t last) const {
    engine.start_epoch(split, in_order(split.size()));
    for (std::uint64_t step = first; step < last; ++step)
      engine.train_step(step % 4 * 16, 16, 0.05, step);
  }

  Config options;
  Split split = learnable_split(64, 3);
};

TEST_F(TorchEngineTest, OverfitsOneBatch) {
  options.dropout = 0.0;
  const auto subject = engine(initial());
  subject->start_epoch(split, in_order(16));
  for (std::uint64_t step = 0; step < 60; ++step) subject->train_step(0, 16, 0.05, step);
  subject->drain();
  subject->train_step(0, 16, 0.05, 60);
  const Totals totals = subject->drain();
  EXPECT_EQ(totals.correct, 16u);
  EXPECT_LT(totals.loss / 16, 0.1);
}

TEST_F(TorchEngineTest, TheSameStepsGiveTheSameBitsAndAnotherSeedGivesOthers) {
  const auto first = engine(initial());
  const auto second = engine(initial());
  train(*first, 0, 8);
  train(*second, 0, 8);
  EXPECT_EQ(first->state(), second->state());
  options.seed = 1;  // the same weights, other dropout
  const auto third = engine(initial());
  train(*third, 0, 8);
  EXPECT_NE(first->state(), third->state());
}

TEST_F(TorchEngineTest, ContinuingFromAStateGivesTheBitsOfNeverStopping) {
  options.momentum = 0.9;
  options.nesterov = true;
  options.weight_decay = 1e-3;
  const auto undisturbed = engine(initial());
  train(*undisturbed, 0, 8);
  const auto before = engine(initial());
  train(*before, 0, 3);
  const TrainState state = before->state();
  EXPECT_EQ(state.step, 3u);
  const auto after = engine(state);
  train(*after, 3, 8);
  EXPECT_EQ(undisturbed->state(), after->state());

  TrainState forgetful = state;
  forgetful.momentum = {};
  const auto control = engine(forgetful);
  train(*control, 3, 8);
  EXPECT_NE(undisturbed->state(), control->state());
}

TEST_F(TorchEngineTest, TheBatchSizeToPrepareForDecidesNothing) {
  const auto expected = engine(initial());
  train(*expected, 0, 4);
  for (const std::size_t batch_size : {16, 15, 1}) {
    options.batch_size = batch_size;
    const auto found = engine(initial());
    train(*found, 0, 4);
    EXPECT_EQ(found->state(), expected->state()) << batch_size;
  }
}

TEST_F(TorchEngineTest, ABatchIsTheSameWhereverItsLoaderBegan) {
  const auto in_turn = engine(initial());
  train(*in_turn, 0, 4);
  const auto anew = engine(initial());
  for (std::uint64_t step = 0; step < 4; ++step) train(*anew, step, step + 1);
  EXPECT_EQ(anew->state(), in_turn->state());
}

TEST_F(TorchEngineTest, TotalsDoNotDependOnWhenTheyAreDrained) {
  const auto once = engine(initial());
  train(*once, 0, 8);
  const Totals whole = once->drain();
  const auto often = engine(initial());
  Totals sum;
  for (std::uint64_t step = 0; step < 8; ++step) {
    train(*often, step, step + 1);
    sum += often->drain();
  }
  EXPECT_EQ(sum.loss, whole.loss);
  EXPECT_EQ(sum.correct, whole.correct);
  EXPECT_EQ(whole.count, 8u * 16u);
  EXPECT_EQ(once->drain().count, 0u);
}

TEST_F(TorchEngineTest, DropoutKeepsTheExpectedLogits) {
  // The first step's loss, averaged over many seeds, is near the one without dropout: a missing
  // factor 1 / (1 - p) would flatten the logits and move it far more.
  TrainState trained = initial();
  {
    options.dropout = 0.0;
    const auto teacher = engine(trained);
    train(*teacher, 0, 24);
    trained = teacher->state();
  }
  const auto loss_with = [&](double dropout, std::uint64_t seed) {
    options.dropout = dropout;
    options.seed = seed;
    const auto subject = engine(trained);
    train(*subject, 0, 1);
    return subject->drain().loss / 16;
  };
  const double without = loss_with(0.0, 0);
  double mean = 0.0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) mean += loss_with(0.1, seed) / 20;
  EXPECT_GT(std::abs(mean - without), 1e-4);
  EXPECT_LT(std::abs(mean - without), 0.1);
}

TEST_F(TorchEngineTest, LogitsDoNotDependOnHowManyImagesAreAsked) {
  const auto subject = engine(initial());
  const Split many = learnable_split(260, 4);  // one more batch than an evaluation takes at once
  const auto all = subject->logits(many.images);
  const auto one = subject->logits(many.image(259));
  ASSERT_EQ(all.size(), 2600u);
  for (std::size_t i = 0; i < kClassCount; ++i) EXPECT_NEAR(all[2590 + i], one[i], 1e-5);
}

TEST_F(TorchEngineTest, ANanInTheWeightsReachesTheTotals) {
  TrainState state = initial();
  state.parameters.tensor(6)[0] = std::nanf("");
  const auto subject = engine(state);
  train(*subject, 0, 1);
  EXPECT_TRUE(std::isnan(subject->drain().loss));
}

TEST_F(TorchEngineTest, InfoNamesTheInstructionSet) {
  const EngineInfo info = torch_engine_info("cpu", 1);
  EXPECT_EQ(info.name, EngineChoice::kTorch);
  EXPECT_EQ(info.device, "cpu");
  EXPECT_EQ(info.threads, 1);
  EXPECT_FALSE(info.isa.empty());
}

TEST(ReplayableDropoutTest, MultipliesWithTheGivenFactorsWhileTraining) {
  ReplayableDropout dropout(0.5);
  const auto input = torch::tensor({1.0f, 2.0f, 3.0f});
  dropout->replay(torch::tensor({2.0f, 0.0f, 2.0f}));
  EXPECT_TRUE(dropout(input).equal(torch::tensor({2.0f, 0.0f, 6.0f})));
  dropout->eval();
  EXPECT_TRUE(dropout(input).equal(input));
}

TEST(ReplayableDropoutTest, IsLibTorchsWithoutFactors) {
  ReplayableDropout dropout(0.25);
  const auto input = torch::ones({1000});
  torch::manual_seed(3);
  const auto found = dropout(input);
  torch::manual_seed(3);
  EXPECT_TRUE(found.equal(torch::dropout(input, 0.25, true)));
  EXPECT_FALSE(found.equal(input));
  dropout->eval();
  EXPECT_TRUE(dropout(input).equal(input));
}

TEST(CnnTest, ParametersHaveTheNamesAndShapesOfTheTable) {
  const Cnn network;
  const auto named = network->named_parameters();
  ASSERT_EQ(named.size(), kParameters.size());
  for (std::size_t i = 0; i < kParameters.size(); ++i) {
    EXPECT_EQ(named[i].key(), kParameters[i].name);
    EXPECT_EQ(
        named[i].value().sizes().vec(),
        std::vector<std::int64_t>(kParameters[i].shape().begin(), kParameters[i].shape().end()));
  }
}

}  // namespace
}  // namespace fmnist
