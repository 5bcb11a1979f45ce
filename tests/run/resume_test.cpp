#include "fmnist/run/resume.h"

#include <gtest/gtest.h>

#include <map>

#include "fmnist/core/options.h"

namespace fmnist {
namespace {

Config saved() {
  Config config;
  config.epochs = 5;
  config.learning_rate = 0.1;
  config.data_dir = "/some/where";
  return config;
}

class ResumeConfigTest : public testing::Test {
 protected:
  /// The settings when `name` is given as `text`; conflicts are kept.
  Config with(const std::string& name, const std::string& text) {
    Config config;
    find_option(name)->set(config, text);
    conflicts_.clear();
    return resume_config(saved(), config, {name}, conflicts_);
  }

  std::vector<SettingConflict> conflicts_;
};

TEST_F(ResumeConfigTest, WithoutOptionsTheSavedSettingsHold) {
  Config config;
  config.learning_rate = 0.7;  // set, but not given by the user
  config.output = "elsewhere";
  const Config used = resume_config(saved(), config, {}, conflicts_);
  EXPECT_EQ(used.learning_rate, 0.1);
  EXPECT_EQ(used.output, "elsewhere");  // a wish for this call
  EXPECT_EQ(to_toml(used), to_toml(saved()));
  EXPECT_TRUE(conflicts_.empty());
}

TEST_F(ResumeConfigTest, EverySettingThatChangesTheResultConflicts) {
  const std::map<std::string, std::string> others = {
      {"batch-size", "32"},   {"lr", "0.2"},           {"momentum", "0.9"},
      {"nesterov", "true"},   {"weight-decay", "0.1"}, {"lr-schedule", "cosine"},
      {"warmup-epochs", "1"}, {"dropout", "0.25"},     {"label-smoothing", "0.1"},
      {"seed", "1"},          {"val-split", "100"},    {"train-limit", "500"},
      {"limit-batches", "3"}, {"epochs", "4"}};
  for (const Option& option : options()) {
    if (!option.changes_result) continue;
    const std::string name(option.name);
    ASSERT_TRUE(others.contains(name)) << name;
    const Config used = with(name, others.at(name));
    ASSERT_EQ(conflicts_.size(), 1u) << name;
    EXPECT_EQ(conflicts_[0].option, name);
    EXPECT_EQ(conflicts_[0].saved, option.text(saved()));
    EXPECT_EQ(conflicts_[0].given, others.at(name));
    EXPECT_EQ(to_toml(used), to_toml(saved())) << name;
  }
}

TEST_F(ResumeConfigTest, AllConflictsAreTold) {
  Config config;
  config.learning_rate = 0.5;
  config.seed = 9;
  resume_config(saved(), config, {"lr", "seed", "momentum"}, conflicts_);
  ASSERT_EQ(conflicts_.size(), 2u);  // momentum is given as it was saved
  EXPECT_EQ(conflicts_[0].option, "lr");
  EXPECT_EQ(conflicts_[1].option, "seed");
}

TEST_F(ResumeConfigTest, TheSameValueIsNoConflict) {
  with("lr", "1e-1");
  EXPECT_TRUE(conflicts_.empty());
}

TEST_F(ResumeConfigTest, EpochsMayGrow) {
  EXPECT_EQ(with("epochs", "6").epochs, 6);
  EXPECT_TRUE(conflicts_.empty());
}

TEST_F(ResumeConfigTest, WhatLeavesTheResultMayBeGiven) {
  EXPECT_EQ(with("checkpoint-every", "7b").checkpoint_every, (CheckpointInterval{7, true}));
  EXPECT_TRUE(conflicts_.empty());
  EXPECT_EQ(with("threads", "8").threads, 8);
  EXPECT_TRUE(conflicts_.empty());
  EXPECT_EQ(with("data-dir", "/moved").data_dir, "/moved");
  EXPECT_TRUE(conflicts_.empty());
  EXPECT_TRUE(with("quiet", "true").quiet);
  EXPECT_TRUE(conflicts_.empty());
}

/// The names of what differs.
std::vector<std::string> differences(const EngineInfo& saved, const EngineInfo& given) {
  std::vector<std::string> names;
  for (const SettingConflict& conflict : conflicts_between(saved, given))
    names.push_back(conflict.option);
  return names;
}

using Names = std::vector<std::string>;

TEST(ConflictsBetween, TheThreadsCountForLibTorchOnly) {
  EXPECT_EQ(differences({EngineChoice::kFused, "cpu", 1, "avx2"},
                        {EngineChoice::kFused, "cpu", 4, "avx2"}),
            Names{});
  EXPECT_EQ(differences({EngineChoice::kTorch, "cpu", 1, "avx2"},
                        {EngineChoice::kTorch, "cpu", 4, "avx2"}),
            Names{"threads"});
}

TEST(ConflictsBetween, TheEngineAndTheKindOfDeviceCountButNotItsNumber) {
  const EngineInfo first{EngineChoice::kTorch, "cuda:0", 1, "cuda:0"};
  EXPECT_EQ(differences(first, {EngineChoice::kTorch, "cuda:1", 1, "cuda:1"}), Names{});
  EXPECT_EQ(differences(first, {EngineChoice::kTorch, "cpu", 1, "avx2"}), (Names{"device", "isa"}));
  EXPECT_EQ(differences(first, {EngineChoice::kFused, "cpu", 1, ""}), (Names{"engine", "device"}));
  EXPECT_EQ(differences({EngineChoice::kFused, "cpu", 0, "avx2"},
                        {EngineChoice::kTorch, "cpu", 1, "avx512"}),
            Names{"engine"});
}

TEST(ConflictsBetween, TheInstructionSetCountsWhereBothAreKnown) {
  const EngineInfo known{EngineChoice::kFused, "cpu", 1, "avx2"};
  EXPECT_EQ(differences(known, {EngineChoice::kFused, "cpu", 1, "avx512"}), Names{"isa"});
  EXPECT_EQ(differences({EngineChoice::kFused, "cpu", 1, ""}, known), Names{});
}

TEST(ConflictsBetween, TellsBothValues) {
  const auto conflicts =
      conflicts_between({EngineChoice::kTorch, "cpu", 2, ""}, {EngineChoice::kTorch, "cpu", 3, ""});
  ASSERT_EQ(conflicts.size(), 1u);
  EXPECT_EQ(conflicts[0].saved, "2");
  EXPECT_EQ(conflicts[0].given, "3");
}

}  // namespace
}  // namespace fmnist
