#include "fmnist/sweep/sweep.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <fstream>
#include <stdexcept>

#include "fmnist/core/files.h"
#include "fmnist/core/random.h"
#include "fmnist/engine/fused/fused_engine.h"
#include "fmnist/run/checkpoint.h"
#include "fmnist/sweep/journal.h"
#include "fmnist/sweep/sweep_json.h"
#include "support/errors.h"
#include "support/idx_writer.h"
#include "support/temporary_directory.h"

namespace fmnist {
namespace {

namespace fs = std::filesystem;

/// What engines may tell a test, and do to it.
struct Watch {
  std::function<void(const Config&)> on_make = [](const auto&) {};
  std::function<void()> on_step = [] {};
  std::function<void(std::span<const std::uint8_t>)> on_images = [](const auto&) {};
};

/// A fused engine that is watched.
class WatchedEngine final : public Engine {
 public:
  WatchedEngine(std::unique_ptr<Engine> engine, const Watch& watch)
      : engine_(std::move(engine)), watch_(watch) {}

  void start_epoch(const Split& train, std::span<const std::uint32_t> order) override {
    engine_->start_epoch(train, order);
  }
  void train_step(std::size_t first, std::size_t count, double learning_rate,
                  std::uint64_t step) override {
    engine_->train_step(first, count, learning_rate, step);
    watch_.on_step();
  }
  Totals drain() override { return engine_->drain(); }
  std::vector<float> logits(std::span<const std::uint8_t> images) override {
    watch_.on_images(images);
    return engine_->logits(images);
  }
  TrainState state() override { return engine_->state(); }

 private:
  std::unique_ptr<Engine> engine_;
  const Watch& watch_;
};

/// Uniform weights, a pure function of the seed.
Parameters random_parameters(std::uint64_t seed) {
  Parameters parameters;
  for (std::size_t i = 0; i < kParameterCount; ++i) {
    const auto bits = static_cast<double>(random_bits(seed, Stream::kOrder, 77, i) >> 11);
    parameters.values[i] = static_cast<float>((bits * 0x1p-53 - 0.5) * 0.2);
  }
  return parameters;
}

class SweepTest : public testing::Test {
 protected:
  SweepTest() {
    dataset_.train = learnable_split(240, 0);
    dataset_.test = learnable_split(40, 1);
    for (auto& pixel : dataset_.test.images) pixel |= 0x80;  // no training image is so bright
    config_.batch_size = 8;
    config_.val_split = 80;
    config_.epochs = 4;
    setup_.dataset = &dataset_;
    setup_.provenance.engine = {EngineChoice::kFused, "cpu", 1, "any"};
    setup_.first_parameters = random_parameters;
    setup_.make_engine = [this](const Config& config, const TrainState& state) {
      watch_.on_make(config);
      return std::make_unique<WatchedEngine>(make_fused_engine(config, state, 1), watch_);
    };
  }

  Plan plan(const std::vector<std::string>& vary, std::optional<std::uint64_t> halving = {}) const {
    PlanRequest request;
    request.vary = vary;
    request.seeds = 2;
    request.halving = halving;
    return make_plan(request, config_);
  }

  /// Goes on with the sweep of `plan` in `directory`; its records are in `journal_` then.
  bool run(const Plan& plan, const fs::path& directory, int jobs) {
    setup_.directory = directory;
    journal_ = load_journal(directory, plan);
    return run_missing(plan, setup_, jobs, journal_);
  }

  /// The result of `plan`, run to its end in a directory of its own.
  std::string result_of(const Plan& plan, int jobs) {
    const TemporaryDirectory directory;
    EXPECT_TRUE(run(plan, directory.path(), jobs));
    EXPECT_EQ(failures(), 0);
    return result(plan);
  }
  std::string result(const Plan& plan) const {
    const auto ranking = ranking_of(journal_);
    return sweep_result_event(plan, ranking, {}, "").dump(1) + trials_csv(plan, ranking);
  }
  std::ptrdiff_t failures() const {
    return std::ranges::count(journal_, TrialStatus::kFailed, &TrialRecord::status);
  }

  static std::string journal_text(const fs::path& directory) {
    return read_file(directory / kJournalFile, ErrorKind::kRuntime);
  }

  Dataset dataset_;
  Config config_;
  SweepSetup setup_;
  Watch watch_;
  std::vector<TrialRecord> journal_;
};

TEST_F(SweepTest, TheResultIsTheSameForAnyNumberOfJobs) {
  const Plan sweep = plan({"lr=0.01,0.05,0.1", "momentum=0.5,0.9"});
  const std::string one = result_of(sweep, 1);
  EXPECT_EQ(result_of(sweep, 2), one);
  EXPECT_EQ(result_of(sweep, 3), one);
  const Plan other = plan({"lr=0.01,0.05,0.11", "momentum=0.5,0.9"});
  EXPECT_NE(result_of(other, 1), one);
}

TEST_F(SweepTest, HalvingEndsWithTheBitsOfAPlainRun) {
  config_.lr_schedule = LrSchedule::kCosine;
  config_.momentum = 0.9;
  const std::vector<std::string> rates = {"lr=0.001,0.002,0.05,0.1"};
  const Plan plain = plan(rates);
  const Plan halved = plan(rates, 2);
  ASSERT_EQ(halved.rungs, (std::vector<std::uint64_t>{1, 2, 4}));
  const TemporaryDirectory plain_directory;
  const TemporaryDirectory halved_directory;
  ASSERT_TRUE(run(plain, plain_directory.path(), 1));
  const auto all = ranking_of(journal_);
  std::atomic<int> steps = 0;
  watch_.on_step = [&] { ++steps; };
  ASSERT_TRUE(run(halved, halved_directory.path(), 2));
  // 160 images in 20 steps; every rung ends with an epoch, and nothing is repeated.
  EXPECT_EQ(steps, 2 * 20 * (1 * 4 + 1 * 2 + 2 * 1));

  const auto ranking = ranking_of(journal_);
  EXPECT_EQ(ranking[0].status, TrialStatus::kFinished);
  EXPECT_EQ(ranking[1].epochs, 2u);
  EXPECT_EQ(ranking[2].epochs, 1u);
  EXPECT_EQ(ranking[3].epochs, 1u);
  for (const SettingSummary& summary : all) {
    if (summary.setting != ranking[0].setting) continue;
    for (std::size_t k = 0; k < 2; ++k) {
      EXPECT_EQ(summary.trials[k].weights_sha256, ranking[0].trials[k].weights_sha256);
      EXPECT_EQ(summary.trials[k].figures, ranking[0].trials[k].figures);
    }
  }
}

TEST_F(SweepTest, NoTrialEverSeesTheTestSetAndTheFinalTrainingDoes) {
  std::atomic<int> looks = 0;
  watch_.on_images = [&](std::span<const std::uint8_t> images) {
    if (!images.empty() && images[0] >= 0x80) ++looks;
  };
  Plan sweep_plan = plan({"lr=0.01,0.1"});
  const TemporaryDirectory directory;
  ASSERT_TRUE(run(sweep_plan, directory.path(), 2));
  EXPECT_EQ(looks, 0);
  EXPECT_FALSE(fs::exists(directory.path() / kModelsFolder));
  sweep_plan.final = true;
  ASSERT_TRUE(run(sweep_plan, directory.path(), 2));
  EXPECT_GT(looks, 0);
  const auto finals = finals_of(journal_, ranking_of(journal_)[0].setting);
  ASSERT_EQ(finals.size(), 2u);
  EXPECT_TRUE(finals[1].figures);
  const auto model = load_model(directory.path() / kModelsFolder / "seed-1.safetensors");
  EXPECT_EQ(fingerprint(model.parameters), finals[1].weights_sha256);
  looks = 0;
  EXPECT_TRUE(run(sweep_plan, directory.path(), 2));
  EXPECT_EQ(looks, 0) << "trained last again";
}

TEST_F(SweepTest, ADivergedTrialIsAResultAndRanksLast) {
  const Plan sweep_plan = plan({"lr=1e6,0.05"});
  const TemporaryDirectory directory;
  EXPECT_TRUE(run(sweep_plan, directory.path(), 1));
  EXPECT_EQ(failures(), 0);
  const auto ranking = ranking_of(journal_);
  EXPECT_EQ(ranking[0].setting, 1u);
  EXPECT_EQ(ranking[1].status, TrialStatus::kDiverged);
  EXPECT_NE(ranking[1].trials[0].message.find("no longer finite"), std::string::npos);
  EXPECT_FALSE(ranking[1].trials[0].figures);
}

TEST_F(SweepTest, AFailedTrialIsTriedOnceMore) {
  std::atomic<int> failures_left = 1;
  watch_.on_step = [&] {
    if (failures_left-- > 0) throw std::runtime_error("out of luck");
  };
  std::vector<std::string> warnings;
  setup_.warn = [&](const std::string& warning) { warnings.push_back(warning); };
  const Plan sweep_plan = plan({"lr=0.05,0.1"});
  const TemporaryDirectory directory;
  EXPECT_TRUE(run(sweep_plan, directory.path(), 1));
  EXPECT_EQ(failures(), 0);
  EXPECT_EQ(journal_[0].attempts, 2);
  ASSERT_EQ(warnings.size(), 1u);
  expect_parts(warnings[0], {"lr=0.05 with seed 0", "out of luck"});
  watch_.on_step = [] {};
  const std::string with_failure = result(sweep_plan);
  EXPECT_EQ(result_of(sweep_plan, 1), with_failure);
}

TEST_F(SweepTest, OneThatFailsTwiceIsReportedTheRestGoesOnAndResumingTriesAgain) {
  watch_.on_make = [](const Config& config) {
    if (config.learning_rate == 0.05 && config.seed == 1) throw std::runtime_error("no luck");
  };
  const Plan sweep_plan = plan({"lr=0.05,0.1"});
  const TemporaryDirectory directory;
  EXPECT_TRUE(run(sweep_plan, directory.path(), 2));
  EXPECT_EQ(failures(), 1);
  const auto ranking = ranking_of(journal_);
  EXPECT_EQ(ranking[0].setting, 1u);
  EXPECT_EQ(ranking[1].status, TrialStatus::kFailed);
  EXPECT_EQ(ranking[1].trials[1].message, "no luck");
  EXPECT_EQ(ranking[1].trials[1].attempts, 2);

  watch_.on_make = [](const auto&) {};
  EXPECT_EQ(done_count(load_journal(directory.path(), sweep_plan)), 3u);
  EXPECT_TRUE(run(sweep_plan, directory.path(), 2));
  EXPECT_EQ(failures(), 0);
  const std::string resumed = result(sweep_plan);
  EXPECT_EQ(resumed, result_of(sweep_plan, 1));
}

TEST_F(SweepTest, StoppedAtEveryFewStepsItEndsAsIfItHadNotBeen) {
  for (const std::optional<std::uint64_t> halving :
       {std::optional<std::uint64_t>(), std::optional<std::uint64_t>(2)}) {
    const Plan sweep_plan = plan({"lr=0.01,0.05,0.1"}, halving);
    const std::string undisturbed = result_of(sweep_plan, 1);
    const TemporaryDirectory directory;
    std::atomic<int> steps = 0;
    std::atomic<int> all_steps = 0;
    watch_.on_step = [&] { ++steps, ++all_steps; };
    setup_.stop = [&] { return steps >= 33; };
    int stops = 0;
    for (bool done = false; !done && stops < 100; ++stops) {
      steps = 0;
      done = run(sweep_plan, directory.path(), 1);
      if (done) {
        EXPECT_EQ(result(sweep_plan), undisturbed);
      }
    }
    EXPECT_GT(stops, 8);
    EXPECT_LT(stops, 100);
    setup_.stop = [] { return false; };
    const int with_stops = all_steps.exchange(0);
    result_of(sweep_plan, 1);
    EXPECT_EQ(with_stops, all_steps) << "steps were repeated or left out";
    watch_.on_step = [] {};
  }
}

TEST_F(SweepTest, FinishedTrialsAreNotRunAgain) {
  const Plan sweep_plan = plan({"lr=0.01,0.1"});
  const TemporaryDirectory directory;
  ASSERT_TRUE(run(sweep_plan, directory.path(), 1));
  const std::string first = result(sweep_plan);
  int engines = 0;
  watch_.on_make = [&](const auto&) { ++engines; };
  EXPECT_EQ(done_count(load_journal(directory.path(), sweep_plan)), 4u);
  EXPECT_TRUE(run(sweep_plan, directory.path(), 1));
  EXPECT_EQ(engines, 0);
  EXPECT_EQ(result(sweep_plan), first);
}

TEST_F(SweepTest, AJournalCutAtAnyLengthLosesOnlyItsLastTrial) {
  config_.epochs = 1;
  const Plan sweep_plan = plan({"lr=0.01,0.1"});
  const TemporaryDirectory directory;
  ASSERT_TRUE(run(sweep_plan, directory.path(), 1));
  const std::string whole = journal_text(directory.path());
  for (std::size_t length = 0; length <= whole.size(); length += length < 300 ? 1 : 37) {
    const std::string text = whole.substr(0, length);
    std::ofstream(directory.path() / kJournalFile, std::ios::trunc) << text;
    EXPECT_EQ(done_count(load_journal(directory.path(), sweep_plan)),
              static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')))
        << length;
    const std::string kept = journal_text(directory.path());
    EXPECT_TRUE(kept.empty() || kept.back() == '\n') << length;
  }
}

TEST_F(SweepTest, AJournalOfSomethingElseIsAnError) {
  const Plan sweep_plan = plan({"lr=0.01"});
  const TemporaryDirectory directory;
  for (const char* line : {"{}", "null", "trial 1", R"({"event":"trial","trial":99})"}) {
    std::ofstream(directory.path() / kJournalFile, std::ios::trunc) << line << "\n";
    expect_parts(
        error_of(ErrorKind::kCheckpoint, [&] { load_journal(directory.path(), sweep_plan); }),
        {"line 1", kJournalFile});
  }
}

TEST_F(SweepTest, ADamagedStateCostsOnlyItsTrialsProgress) {
  const Plan sweep_plan = plan({"lr=0.05"});
  const TemporaryDirectory directory;
  fs::create_directories(directory.path() / kStatesFolder);
  std::ofstream(directory.path() / kStatesFolder / "trial-0.safetensors") << "damaged";
  EXPECT_TRUE(run(sweep_plan, directory.path(), 1));
  EXPECT_EQ(failures(), 0);
  const std::string with_damage = result(sweep_plan);
  EXPECT_EQ(with_damage, result_of(sweep_plan, 1));
}

TEST_F(SweepTest, AStateOfAnotherTrialIsNotGoneOnWith) {
  const Plan sweep_plan = plan({"lr=0.05,0.1"});
  const std::string undisturbed = result_of(sweep_plan, 1);
  const TemporaryDirectory directory;
  std::atomic<int> steps = 0;
  watch_.on_step = [&] { ++steps; };
  setup_.stop = [&] { return steps >= 33; };
  ASSERT_FALSE(run(sweep_plan, directory.path(), 1));
  const fs::path states = directory.path() / kStatesFolder;
  fs::rename(states / "trial-0.safetensors", states / "trial-2.safetensors");
  setup_.stop = [] { return false; };
  ASSERT_TRUE(run(sweep_plan, directory.path(), 1));
  EXPECT_EQ(result(sweep_plan), undisturbed);
}

TEST_F(SweepTest, ATrialWhoseRecordGotLostRunsAgain) {
  const Plan sweep_plan = plan({"lr=0.05,0.1"}, 2);
  const std::string undisturbed = result_of(sweep_plan, 1);
  const TemporaryDirectory directory;
  setup_.stop = [&] { return journal_text(directory.path()).size() > 0; };
  std::ofstream(directory.path() / kJournalFile) << "";
  ASSERT_FALSE(run(sweep_plan, directory.path(), 1));  // after its first rung
  ASSERT_FALSE(fs::is_empty(directory.path() / kStatesFolder));
  fs::remove(directory.path() / kJournalFile);
  setup_.stop = [] { return false; };
  ASSERT_TRUE(run(sweep_plan, directory.path(), 1));
  EXPECT_EQ(result(sweep_plan), undisturbed);
}

}  // namespace
}  // namespace fmnist
