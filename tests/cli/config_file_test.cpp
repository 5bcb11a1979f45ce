#include <gtest/gtest.h>

#include "cli/program.h"
#include "support/idx_writer.h"

namespace fmnist {
namespace {

class ConfigFileTest : public ProgramTest {
 protected:
  void write_config(const std::string& text) const {
    write_bytes(directory() / "config.toml", text);
  }

  /// What the settings are, given this configuration file and these arguments.
  Outcome settings(const std::string& text, std::vector<std::string> arguments = {}) const {
    write_config(text);
    arguments.insert(arguments.begin(), {"--config", "config.toml", "--print-config"});
    return run(std::move(arguments));
  }

  void expect_setting(const std::string& text, const std::string& line) const {
    const Outcome outcome = settings(text);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_NE(outcome.out.find("\n" + line + "\n"), std::string::npos) << outcome.out;
  }
};

TEST_F(ConfigFileTest, SettingsAreRead) {
  expect_setting("lr = 0.5\nepochs = 3\n", "lr = 0.5");
  expect_setting("# a comment\n\nlr = 0.5  # and another\nnesterov = true\n", "nesterov = true");
  expect_setting("lr-schedule = \"cosine\"\n", "lr-schedule = \"cosine\"");
  expect_setting("data-dir = 'as is'\r\nepochs = 3\r\n", "data-dir = \"as is\"");
}

TEST_F(ConfigFileTest, AKeyMayHaveUnderscores) {
  expect_setting("batch_size = 7\n", "batch-size = 7");
}

TEST_F(ConfigFileTest, AnEmptyFileChangesNothing) {
  EXPECT_EQ(settings("").out, run({"--print-config"}).out);
}

TEST_F(ConfigFileTest, TheCommandLineWins) {
  const Outcome outcome =
      settings("lr = 0.5\nnesterov = true\n", {"--lr", "0.25", "--nesterov=false"});
  EXPECT_NE(outcome.out.find("\nlr = 0.25\n"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("\nnesterov = false\n"), std::string::npos) << outcome.out;
}

TEST_F(ConfigFileTest, AMissingFileIsAnErrorThatNamesIt) {
  expect_error(run({"--config", "missing.toml"}), 2, {"--config", "'missing.toml'"});
  expect_error(run({"--config", "."}), 2, {"--config", "'.'"});
}

TEST_F(ConfigFileTest, AnUnknownKeyIsAnErrorThatNamesFileAndKey) {
  expect_error(settings("batch-sise = 7\n"), 2,
               {"config.toml", "batch-sise", "did you mean batch-size?"});
}

TEST_F(ConfigFileTest, ABadValueIsAnErrorThatNamesFileKeyAndRange) {
  expect_error(settings("momentum = 7\n"), 2, {"config.toml", "momentum", "'7'", "0 to below 1"});
  expect_error(settings("lr = nan\n"), 2, {"config.toml", "lr", "'nan'", "0 to 1000000"});
  expect_error(settings("lr =\n"), 2, {"config.toml", "lr"});
}

TEST_F(ConfigFileTest, ABadCombinationIsRefusedWhicheverPlaceItComesFrom) {
  expect_error(settings("nesterov = true\n", {"--momentum", "0"}), 2, {"--nesterov", "--momentum"});
}

TEST_F(ConfigFileTest, WhatIsNoSettingIsAnErrorThatNamesTheFile) {
  for (const char* text :
       {"lr 0.5\n", "lr\n", "=\n", "= 3\n", "[recipe]\nlr = 0.5\n", "lr = [0.1, 0.2]\n",
        "lr = 0.1\nlr = 0.2\n", "{\"lr\": 1}\n", "data-dir = \"open\n", "\xff\xfe\n",
        "config = \"other.toml\"\n", "print-config = true\n", "help = true\n"}) {
    SCOPED_TRACE(text);
    expect_error(settings(text), 2, {"config.toml"});
  }
}

TEST_F(ConfigFileTest, ErrorsDoNotSpeakOfIni) {
  EXPECT_EQ(settings("lr 0.5\n").err.find("INI"), std::string::npos);
}

TEST_F(ConfigFileTest, PrintedSettingsReadBackAsTheSame) {
  const std::vector<std::string> changed = {"--epochs",
                                            "3",
                                            "--batch-size",
                                            "7",
                                            "--lr",
                                            "1e-07",
                                            "--momentum",
                                            "0.9",
                                            "--nesterov",
                                            "--weight-decay",
                                            "0.0005",
                                            "--lr-schedule",
                                            "cosine",
                                            "--warmup-epochs",
                                            "0.5",
                                            "--dropout",
                                            "0.25",
                                            "--label-smoothing",
                                            "0.1",
                                            "--seed",
                                            "4294967295",
                                            "--data-dir",
                                            "some where",
                                            "--val-split",
                                            "11",
                                            "--train-limit",
                                            "12",
                                            "--device",
                                            "cuda:1",
                                            "--require-device",
                                            "--engine",
                                            "torch",
                                            "--threads",
                                            "3",
                                            "--checkpoint-every",
                                            "5b",
                                            "--log-every",
                                            "13",
                                            "--fail-under",
                                            "12.5",
                                            "--limit-batches",
                                            "14"};
  auto arguments = changed;
  arguments.push_back("--print-config");
  const Outcome first = run(arguments);
  ASSERT_EQ(first.status, 0) << first.err;
  EXPECT_NE(first.out, run({"--print-config"}).out);
  const Outcome second = settings(first.out);
  EXPECT_EQ(second.status, 0) << second.err;
  EXPECT_EQ(second.out, first.out);
}

TEST_F(ConfigFileTest, AnyPathReadsBackAsTheSame) {
  for (const char* path : {"with space", "a#b", "quo\"te", "apo'strophe", "back\\slash",
                           "tab\there", "line\nbreak", "gr\xc3\xbcn", "[x]", "a,b"}) {
    SCOPED_TRACE(path);
    const Outcome first = run({"--data-dir", path, "--print-config"});
    ASSERT_EQ(first.status, 0) << first.err;
    const Outcome second = settings(first.out);
    EXPECT_EQ(second.status, 0) << second.err;
    EXPECT_EQ(second.out, first.out);
  }
}

TEST_F(ConfigFileTest, TheConfigurationOfARunRepeatsIt) {
  const Outcome first = train({"--output", "first", "--json", "--lr", "0.05", "--seed", "3",
                               "--batch-size", "32", "--epochs", "2"});
  ASSERT_EQ(first.status, 0) << first.err;
  const Outcome second = run({"--config", "first/config.toml", "--output", "second", "--json"});
  ASSERT_EQ(second.status, 0) << second.err;
  EXPECT_EQ(event_of(second.out, "result")["weights_sha256"],
            event_of(first.out, "result")["weights_sha256"]);
  EXPECT_EQ(content_of(directory() / "second" / "config.toml"),
            content_of(directory() / "first" / "config.toml"));
}

}  // namespace
}  // namespace fmnist
