// The fused engine against the torch engine, the reference: same weights, same batch, no dropout.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "engine/fused/random_inputs.h"
#include "engine/fused/reference_training.h"
#include "fmnist/data/dataset.h"
#include "fmnist/engine/fused/fused_engine.h"
#include "fmnist/engine/torch/torch_engine.h"
#include "support/goldens.h"

namespace fmnist {
namespace {

Config without_dropout() {
  Config options;
  options.dropout = 0.0;
  return options;
}

/// Each instruction set this machine has.
class EnginesAgreeTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    setenv("FMNIST_ISA", GetParam(), 1);
    try {
      make_fused_engine(options, initial, 1);
    } catch (const Error& error) {
      GTEST_SKIP() << error.what();
    }
  }
  void TearDown() override { unsetenv("FMNIST_ISA"); }

  std::unique_ptr<Engine> fused(int threads = 1) const {
    return make_fused_engine(options, initial, threads);
  }
  std::unique_ptr<Engine> torch() const { return make_torch_engine(options, initial, "cpu", 1); }

  /// Parameters after ten steps over real images at which the network is differentiable.
  void expect_same_ten_steps() {
    images = load_dataset(std::nullopt).train;
    ReferenceTraining reference(options, images, initial.parameters);
    for (std::uint64_t step = 0; step < 10; ++step) reference.train_step(64, 0.01, step);
    EXPECT_LE(reference.share_left_out(), kMostLeftOut);
    const auto expected = torch();
    const auto found = fused();
    for (Engine* engine : {expected.get(), found.get()}) {
      engine->start_epoch(images, reference.order);
      for (std::uint64_t step = 0; step < 10; ++step) engine->train_step(step * 64, 64, 0.01, step);
    }
    expect_close(found->state().parameters, expected->state().parameters, 1e-5, "parameters");
  }

  Config options = without_dropout();
  Split images = golden_images();
  TrainState initial{initial_parameters(0), {}, 0};
};

TEST_P(EnginesAgreeTest, InfoNamesTheInstructionSet) {
  EXPECT_EQ(fused_engine_info(1).isa, GetParam());
}

TEST_P(EnginesAgreeTest, OnLogits) {
  const auto expected = torch()->logits(images.images);
  EXPECT_LE(relative_difference(fused()->logits(images.images), expected), 1e-5);
}

TEST_P(EnginesAgreeTest, OnEveryGradientAtAnyBatchSize) {
  for (const double label_smoothing : {0.0, 0.1}) {
    options.label_smoothing = label_smoothing;
    for (const std::size_t count : {1, 7, 16, 17, 64, 100, 256}) {
      ReferenceTraining reference(options, images, initial.parameters);
      reference.train_step(count, 0.01, 0);
      if (count >= 64) {
        EXPECT_LE(reference.share_left_out(), kMostLeftOut);
      }
      const auto expected = torch();
      const auto found = fused(2);
      for (Engine* engine : {expected.get(), found.get()}) {
        engine->start_epoch(images, reference.order);
        engine->train_step(0, count, 0.01, 0);
      }
      // After the first step the momentum buffers are the gradients.
      expect_close(found->state().momentum, expected->state().momentum, 1e-5,
                   "gradient at batch size " + std::to_string(count));
      const Totals found_totals = found->drain();
      const Totals expected_totals = expected->drain();
      EXPECT_EQ(found_totals.count, expected_totals.count);
      EXPECT_EQ(found_totals.correct, expected_totals.correct);
      EXPECT_NEAR(found_totals.loss, expected_totals.loss, 1e-5 * expected_totals.loss);
    }
  }
}

TEST_P(EnginesAgreeTest, OnTenStepsWithMomentum) { expect_same_ten_steps(); }

TEST_P(EnginesAgreeTest, OnStepsWithNesterovAndWeightDecay) {
  options.nesterov = true;
  options.momentum = 0.9;
  options.weight_decay = 5e-4;
  expect_same_ten_steps();
}

/// A batch of real images, and the gradients of a network at it.
struct RealBatch {
  std::string name;
  TrainState initial;
  std::vector<std::uint32_t> order;
  Parameters exact;
  Parameters torch;
};

/// Batches for networks as they are made, and as some recipes leave them in training. The fused
/// engine trains them, with the widest vectors that this machine has.
class EnginesAgreeOnRealBatchesTest : public EnginesAgreeTest {
 protected:
  static void SetUpTestSuite() {
    train = load_dataset(std::nullopt).train;
    for (std::uint32_t seed = 0; seed < 60; ++seed) {
      add_batch("initial weights " + std::to_string(seed), random_parameters(seed));
    }
    constexpr struct {
      double learning_rate, momentum;
    } kRecipes[] = {{0.01, 0.5}, {0.03, 0.9}, {0.05, 0.9}, {0.08, 0.9}, {0.2, 0.0}, {0.2, 0.5}};
    for (const auto& [learning_rate, momentum] : kRecipes) {
      TrainState state{initial_parameters(0), {}, 0};
      Config recipe;
      recipe.momentum = momentum;
      const auto engine = make_fused_engine(recipe, state, 1);
      engine->start_epoch(train, in_order(train.size()));
      for (std::uint64_t step = 0; step < 900; ++step) {
        engine->train_step(64 * step, 64, learning_rate, step);
        if (step % 300 != 299) continue;
        std::ostringstream name;
        name << "learning rate " << learning_rate << ", momentum " << momentum << ", step " << step;
        for (int i = 0; i < 3; ++i) add_batch(name.str(), engine->state().parameters);
      }
    }
  }
  static void TearDownTestSuite() { batches.clear(); }

  static void add_batch(const std::string& name, const Parameters& parameters) {
    RealBatch batch{name, {parameters, {}, 0}, {}, {}, {}};
    const Config options = without_dropout();
    ReferenceTraining reference(options, train, parameters, 100 * batches.size());
    reference.train_step(64, 0.01, 0);
    left_out += reference.left_out;
    batch.order = reference.order;
    std::copy(reference.network.gradients.begin(), reference.network.gradients.end(),
              batch.exact.values.begin());
    batch.torch = gradients(*make_torch_engine(options, batch.initial, "cpu", 1), batch);
    batches.push_back(batch);
  }

  static Parameters gradients(Engine& engine, const RealBatch& batch) {
    engine.start_epoch(train, batch.order);
    engine.train_step(0, batch.order.size(), 0.01, 0);
    return engine.state().momentum;
  }

  static inline Split train;
  static inline std::vector<RealBatch> batches;
  static inline std::size_t left_out = 0;
};

TEST_P(EnginesAgreeOnRealBatchesTest, AndWithExactArithmeticBeforeAndInTraining) {
  for (const RealBatch& batch : batches) {
    const auto engine = make_fused_engine(options, batch.initial, 1);
    const Parameters found = gradients(*engine, batch);
    expect_close(found, batch.exact, 1e-5, batch.name + ": fused against exact, gradient");
    expect_close(found, batch.torch, 1e-5, batch.name + ": fused against torch, gradient");
  }
}

TEST_P(EnginesAgreeOnRealBatchesTest, AtAllButFewImages) {
  const auto looked_at = static_cast<double>(64 * batches.size() + left_out);
  EXPECT_LE(static_cast<double>(left_out), kMostLeftOut * looked_at);
  EXPECT_GT(left_out, 0U);
}

const auto kInstructionSets = testing::Values("portable", "avx2", "avx512");
std::string instruction_set(const testing::TestParamInfo<const char*>& test) { return test.param; }
INSTANTIATE_TEST_SUITE_P(InstructionSets, EnginesAgreeTest, kInstructionSets, instruction_set);
INSTANTIATE_TEST_SUITE_P(InstructionSets, EnginesAgreeOnRealBatchesTest, kInstructionSets,
                         instruction_set);

}  // namespace
}  // namespace fmnist
