#include "fmnist/engine/fused/fused_engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "engine/fused/isa.h"
#include "engine/fused/random_inputs.h"
#include "engine/fused/reference_training.h"
#include "fmnist/core/error.h"

namespace fmnist {
namespace {

/// Forces an instruction set for one test.
class ForcedIsa {
 public:
  explicit ForcedIsa(const std::string& name) { setenv("FMNIST_ISA", name.c_str(), 1); }
  ~ForcedIsa() { unsetenv("FMNIST_ISA"); }
  ForcedIsa(const ForcedIsa&) = delete;
  ForcedIsa& operator=(const ForcedIsa&) = delete;
};

std::string forced_name(Isa isa) { return isa == Isa::kPortable ? "portable" : to_string(isa); }

std::unique_ptr<Engine> make_engine(const Config& options, const Split& split,
                                    const TrainState& state, int threads) {
  auto engine = make_fused_engine(options, state, threads);
  engine->start_epoch(split, in_order(split.size()));
  return engine;
}

/// Largest difference in each tensor, relative to its largest entry.
void expect_near_relative(const Parameters& found, const std::vector<double>& expected,
                          double tolerance) {
  for (std::size_t t = 0; t < kParameters.size(); ++t) {
    double largest = 0.0;
    double difference = 0.0;
    for (std::size_t i = 0; i < kParameters[t].size; ++i) {
      const double value = expected[kParameters[t].offset + i];
      largest = std::max(largest, std::abs(value));
      const double here = std::abs(value - double{found.tensor(t)[i]});
      if (!(here <= difference)) difference = here;  // so that NaN stays
    }
    EXPECT_GT(largest, 0.0) << kParameters[t].name;
    EXPECT_LE(difference, tolerance * largest) << kParameters[t].name;
  }
}

class FusedEngineOnIsa : public testing::TestWithParam<Isa> {
 protected:
  const ForcedIsa forced_{forced_name(GetParam())};
};

INSTANTIATE_TEST_SUITE_P(Isas, FusedEngineOnIsa, testing::ValuesIn(supported_isas()),
                         [](const auto& test) { return to_string(test.param); });

TEST_P(FusedEngineOnIsa, NamesItsInstructionSet) {
  const EngineInfo info = fused_engine_info(2);
  EXPECT_EQ(info.name, EngineChoice::kFused);
  EXPECT_EQ(info.device, "cpu");
  EXPECT_EQ(info.threads, 2);
  EXPECT_EQ(info.isa, to_string(GetParam()));
}

TEST_P(FusedEngineOnIsa, GradientsEqualTheReference) {
  const Split split = random_split(90, 3);
  for (const std::size_t count : {1, 7, 16, 33, 64}) {
    for (const double dropout : {0.0, 0.5}) {
      SCOPED_TRACE(testing::Message() << count << " images, dropout " << dropout);
      Config options;
      options.dropout = dropout;
      options.label_smoothing = dropout == 0.0 ? 0.0 : 0.1;
      options.seed = 0x123456789ABCDEF;
      const TrainState state{random_parameters(5), {}, 0};
      constexpr std::uint64_t kStep = 0x300000007;
      constexpr std::size_t kFirst = 6;
      ReferenceTraining reference(options, split, state.parameters, kFirst);
      const double loss = reference.train_step(count, 0.01, kStep);
      if (count >= 64) {
        EXPECT_LE(reference.share_left_out(), kMostLeftOut);
      }
      std::vector<std::uint32_t> order = in_order(kFirst);
      order.insert(order.end(), reference.order.begin(), reference.order.end());
      const auto engine = make_fused_engine(options, state, 1);
      engine->start_epoch(split, order);
      engine->train_step(kFirst, count, 0.01, kStep);
      // The momentum buffers start at zero, so that after one step they are the gradients.
      expect_near_relative(engine->state().momentum, reference.network.gradients, 1e-5);
      const Totals totals = engine->drain();
      EXPECT_NEAR(totals.loss, loss, 1e-5 * loss);
      EXPECT_EQ(totals.count, count);
      EXPECT_EQ(totals.loss / kLossQuantum, std::round(totals.loss / kLossQuantum));
      EXPECT_EQ(engine->drain().count, 0U);
    }
  }
}

TEST_P(FusedEngineOnIsa, TenStepsEqualTheReference) {
  const Split split = random_split(300, 9);
  for (const bool nesterov : {false, true}) {
    Config options;
    options.dropout = 0.0;
    options.momentum = 0.9;
    options.nesterov = nesterov;
    options.weight_decay = nesterov ? 0.01 : 0.0;
    const TrainState state{random_parameters(6), {}, 0};
    const auto rate = [](std::uint64_t step) { return 0.02 + 0.001 * static_cast<double>(step); };
    ReferenceTraining reference(options, split, state.parameters);
    for (std::uint64_t step = 0; step < 10; ++step) reference.train_step(20, rate(step), step);
    EXPECT_LE(reference.share_left_out(), kMostLeftOut);
    const auto engine = make_fused_engine(options, state, 2);
    engine->start_epoch(split, reference.order);
    for (std::uint64_t step = 0; step < 10; ++step) {
      engine->train_step(20 * step, 20, rate(step), step);
    }
    expect_near_relative(engine->state().parameters, reference.network.parameters, 1e-5);
    EXPECT_EQ(engine->state().step, 10U);
  }
}

TEST_P(FusedEngineOnIsa, LogitsEqualTheReference) {
  const TrainState state{random_parameters(8), {}, 0};
  for (const std::size_t count : {0, 1, 15, 16, 17, 50}) {
    const Split split = random_split(count, 4);
    const auto logits = make_engine({}, split, state, 3)->logits(split.images);
    ASSERT_EQ(logits.size(), count * kClassCount);
    ReferenceNetwork network(state.parameters);
    DropoutFactors all;
    all.fill(1.0);
    for (std::size_t i = 0; i < logits.size(); ++i) {
      const auto expected = network.logits(split.image(i / kClassCount), all);
      EXPECT_NEAR(logits[i], expected[i % kClassCount], 2e-6) << i;
    }
  }
}

TEST_P(FusedEngineOnIsa, SameBitsOnAnyNumberOfThreads) {
  const Split split = random_split(1064, 2);
  for (const std::size_t batch : {1, 7, 16, 64, 100, 1000}) {
    std::string expected;
    Totals totals;
    for (const int threads : {1, 2, 3, 8}) {
      const auto engine = make_engine({}, split, {random_parameters(1), {}, 0}, threads);
      // The second step is a short one where there is room for it.
      engine->train_step(0, batch, 0.05, 0);
      engine->train_step(batch, std::min<std::size_t>(batch, 64), 0.05, 1);
      const std::string found = fingerprint(engine->state().parameters);
      const Totals drained = engine->drain();
      if (threads == 1) {
        expected = found;
        totals = drained;
      }
      EXPECT_EQ(found, expected) << "batch " << batch << ", threads " << threads;
      EXPECT_EQ(drained.loss, totals.loss);
      EXPECT_EQ(drained.correct, totals.correct);
    }
  }
}

TEST_P(FusedEngineOnIsa, ContinuesFromItsState) {
  const Split split = random_split(96, 2);
  const auto whole = make_engine({}, split, {random_parameters(1), {}, 0}, 1);
  for (std::size_t step = 0; step < 3; ++step) whole->train_step(32 * step, 32, 0.05, step);
  const auto before = make_engine({}, split, {random_parameters(1), {}, 0}, 1);
  before->train_step(0, 32, 0.05, 0);
  TrainState state = before->state();
  for (const bool keeps_momentum : {true, false}) {
    if (!keeps_momentum) state.momentum = {};
    const auto after = make_engine({}, split, state, 2);
    for (std::size_t step = 1; step < 3; ++step) after->train_step(32 * step, 32, 0.05, step);
    EXPECT_EQ(after->state() == whole->state(), keeps_momentum);
  }
}

TEST_P(FusedEngineOnIsa, NotANumberReachesTheLoss) {
  const Split split = random_split(40, 2);
  for (std::size_t tensor = 0; tensor < kParameters.size(); ++tensor) {
    for (const float poison :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      TrainState state{random_parameters(1), {}, 0};
      state.parameters.tensor(tensor)[kParameters[tensor].size / 2] = poison;
      Config options;
      options.dropout = 0.0;
      const auto engine = make_engine(options, split, state, 1);
      engine->train_step(0, 40, 0.01, 0);
      EXPECT_FALSE(std::isfinite(engine->drain().loss)) << kParameters[tensor].name << poison;
      EXPECT_FALSE(all_finite(engine->state().parameters));
    }
  }
}

TEST_P(FusedEngineOnIsa, LearnsOneBatch) {
  const Split split = random_split(32, 2);
  Config options;
  options.dropout = 0.0;
  options.momentum = 0.9;
  const auto engine = make_engine(options, split, {random_parameters(1), {}, 0}, 1);
  for (std::size_t step = 0; step < 150; ++step) engine->train_step(0, 32, 0.02, step);
  engine->drain();
  engine->train_step(0, 32, 0.0, 150);
  const Totals totals = engine->drain();
  EXPECT_EQ(totals.correct, 32U);
  EXPECT_LT(totals.loss, 1.0);
}

TEST(FusedEngine, DropoutDependsOnSeedAndStep) {
  const Split split = random_split(64, 2);
  const auto trained = [&](std::uint64_t seed, std::uint64_t step) {
    Config options;
    options.seed = seed;
    const auto engine = make_engine(options, split, {random_parameters(1), {}, 0}, 1);
    engine->train_step(0, 64, 0.05, step);
    return fingerprint(engine->state().parameters);
  };
  EXPECT_EQ(trained(1, 0), trained(1, 0));
  EXPECT_NE(trained(1, 0), trained(2, 0));
  EXPECT_NE(trained(1, 0), trained(1, 1));
  EXPECT_NE(trained(1, 0), trained(1ULL << 32 | 1, 0));
}

TEST(FusedEngine, WithoutMomentumKeepsNoBuffer) {
  const Split split = random_split(16, 2);
  Config options;
  options.momentum = 0.0;
  const TrainState state{random_parameters(1), {}, 0};
  const auto engine = make_engine(options, split, state, 1);
  engine->train_step(0, 16, 0.05, 0);
  EXPECT_EQ(engine->state().momentum, Parameters{});
  EXPECT_NE(engine->state().parameters, state.parameters);
}

TEST(FusedEngine, RefusesAStepBeyondTheEpoch) {
  const Split split = random_split(16, 2);
  const auto engine = make_engine({}, split, {}, 1);
  EXPECT_THROW(engine->train_step(0, 0, 0.1, 0), Error);
  EXPECT_THROW(engine->train_step(8, 9, 0.1, 0), Error);
  EXPECT_THROW(engine->train_step(17, 1, 0.1, 0), Error);
}

TEST(FusedEngine, TakesNoMoreThreadsThanItHasWorkFor) {
  EXPECT_EQ(fused_engine_info(1000).threads, 16);
}

TEST(FusedEngine, RefusesNoThreads) {
  EXPECT_THROW(make_fused_engine({}, {}, 0), Error);
  EXPECT_THROW(fused_engine_info(0), Error);
}

TEST(FusedEngine, RefusesAnUnknownInstructionSet) {
  const ForcedIsa forced("mmx");
  try {
    make_fused_engine({}, {}, 1);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(std::string(error.what()).find("FMNIST_ISA is \"mmx\""), std::string::npos);
    EXPECT_NE(error.hint().find("portable"), std::string::npos);
  }
}

}  // namespace
}  // namespace fmnist
