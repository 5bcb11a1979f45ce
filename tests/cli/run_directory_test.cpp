#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <regex>

#include "cli/program.h"
#include "support/idx_writer.h"

namespace fmnist {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kRunFiles = {"config.toml", "metrics.csv", "model.safetensors",
                                            "result.json", "train.log"};

class RunDirectoryTest : public ProgramTest {
 protected:
  fs::path run_directory() const { return directory() / "run"; }
  std::string content(const std::string& name) const { return content_of(run_directory() / name); }

  /// The JSON header of a safetensors file: 8 bytes of length, little-endian, then the text.
  static nlohmann::json header_of(const std::string& file) {
    std::uint64_t length = 0;
    for (int byte = 7; byte >= 0; --byte)
      length = length << 8 | static_cast<unsigned char>(file.at(static_cast<std::size_t>(byte)));
    return nlohmann::json::parse(file.substr(8, length));
  }
};

TEST_F(RunDirectoryTest, HoldsTheFilesOfTheContractAndNothingIsWrittenElsewhere) {
  ASSERT_EQ(train({"--output", "run"}).status, 0);
  for (const std::string& name : kRunFiles)
    EXPECT_TRUE(fs::is_regular_file(run_directory() / name)) << name;
  for (const std::string& name : names_in(run_directory()))
    EXPECT_FALSE(name.starts_with('.')) << "a temporary file was left: " << name;
  EXPECT_EQ(names_in(directory()), (std::vector<std::string>{"run"}));
}

TEST_F(RunDirectoryTest, HoldsEventFilesOnlyWhereTheyAreWanted) {
  ASSERT_EQ(train({"--output", "run"}).status, 0);
  EXPECT_FALSE(fs::exists(run_directory() / "tensorboard"));
  ASSERT_EQ(train({"--output", "run", "--overwrite", "--tensorboard"}).status, 0);
  const auto names = names_in(run_directory() / "tensorboard");
  ASSERT_EQ(names.size(), 1u);
  EXPECT_TRUE(names[0].starts_with("events.out.tfevents.")) << names[0];
}

TEST_F(RunDirectoryTest, EventFilesThatCannotBeWrittenAreOneWarning) {
  fs::create_directories(run_directory());
  write_bytes(run_directory() / "tensorboard", "in the way");
  const Outcome outcome = train({"--output", "run", "--tensorboard", "--epochs", "3"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  std::vector<std::string> warnings;
  for (const std::string& line : lines_of(outcome.err))
    if (line.find("tensorboard") != std::string::npos) warnings.push_back(line);
  ASSERT_EQ(warnings.size(), 1u) << outcome.err;
  EXPECT_TRUE(warnings[0].starts_with("warning: cannot write 'run/tensorboard/")) << warnings[0];
}

TEST_F(RunDirectoryTest, IsNamedByTheTimeWhenNoneIsGiven) {
  const Outcome outcome = run({"--data-dir", dataset(), "--threads", "1", "--epochs", "0"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(names_in(directory()), (std::vector<std::string>{"runs"}));
  const auto runs = names_in(directory() / "runs");
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_TRUE(std::regex_match(runs[0], std::regex("\\d{4}-\\d\\d-\\d\\dT\\d\\d-\\d\\d-\\d\\dZ.*")))
      << runs[0];
  EXPECT_NE(outcome.out.find(runs[0]), std::string::npos) << outcome.out;
}

TEST_F(RunDirectoryTest, TwoRunsStartedTogetherDoNotMeet) {
  const std::vector<std::string> arguments = {"--data-dir", dataset(), "--threads", "1",
                                              "--epochs",   "0",       "--quiet"};
  for (int repeat = 0; repeat < 2; ++repeat) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
  }
  EXPECT_EQ(names_in(directory() / "runs").size(), 2u);
}

TEST_F(RunDirectoryTest, NoOutputWritesNoFile) {
  ASSERT_EQ(train({"--no-output"}).status, 0);
  EXPECT_TRUE(names_in(directory()).empty());
}

TEST_F(RunDirectoryTest, ResultIsStartAndResultInOneObject) {
  const Outcome outcome = train({"--output", "run", "--json", "--val-split", "50"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  auto expected = event_of(outcome.out, "start");
  expected.update(event_of(outcome.out, "result"));
  EXPECT_EQ(nlohmann::json::parse(content("result.json")), expected);
}

TEST_F(RunDirectoryTest, MetricsHaveARowPerEpochThatAgreesWithTheEvents) {
  const Outcome outcome = train({"--output", "run", "--json", "--epochs", "2"});
  const auto rows = lines_of(content("metrics.csv"));
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_TRUE(rows[0].starts_with("epoch,step,lr,train_loss,train_accuracy,")) << rows[0];
  std::size_t row = 0;
  for (const auto& event : events_of(outcome.out)) {
    if (event["event"] != "epoch") continue;
    ++row;
    EXPECT_TRUE(rows.at(row).starts_with(std::to_string(row) + "," + event["step"].dump() + ","))
        << rows[row];
    for (const auto& value : {event["train"]["loss"], event["train"]["accuracy"],
                              event["test"]["loss"], event["test"]["accuracy"]})
      EXPECT_NE(rows[row].find("," + value.dump() + ","), std::string::npos) << rows[row];
    EXPECT_NE(rows[row].find(event["weights_sha256"].get<std::string>()), std::string::npos);
  }
}

TEST_F(RunDirectoryTest, TheModelHoldsExactlyTheEightParameters) {
  ASSERT_EQ(train({"--output", "run"}).status, 0);
  auto header = header_of(content("model.safetensors"));
  ASSERT_TRUE(header.contains("__metadata__"));
  for (const auto& [key, value] : header["__metadata__"].items())
    EXPECT_TRUE(value.is_string()) << key;
  header.erase("__metadata__");
  std::vector<std::string> names;
  for (const auto& [name, tensor] : header.items()) {
    names.push_back(name);
    EXPECT_EQ(tensor["dtype"], "F32") << name;
  }
  EXPECT_EQ(names,
            (std::vector<std::string>{"conv1.bias", "conv1.weight", "conv2.bias", "conv2.weight",
                                      "fc1.bias", "fc1.weight", "fc2.bias", "fc2.weight"}));
}

TEST_F(RunDirectoryTest, TheLogFileSaysWhatStandardErrorSaidWithTimes) {
  const Outcome outcome = train({"--output", "run"});
  const std::string log = content("train.log");
  EXPECT_EQ(log.find('\r'), std::string::npos);
  EXPECT_EQ(log.find('\x1b'), std::string::npos);
  for (const std::string& line : lines_of(outcome.err))
    EXPECT_NE(log.find(line + "\n"), std::string::npos) << line;
  const std::regex time("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z .*");
  for (const std::string& line : lines_of(log)) EXPECT_TRUE(std::regex_match(line, time)) << line;
}

TEST_F(RunDirectoryTest, TheLogFileHoldsTheErrorThatEndedTheRun) {
  const Outcome outcome = train({"--output", "run", "--lr", "1e6", "--quiet"});
  EXPECT_EQ(outcome.status, 6);
  EXPECT_NE(content("train.log").find(outcome.err), std::string::npos);
}

TEST_F(RunDirectoryTest, AnExistingRunIsRefusedBeforeAnyDataIsRead) {
  ASSERT_EQ(train({"--output", "run", "--seed", "1"}).status, 0);
  const std::string before = content("result.json") + content("model.safetensors");
  expect_error(train({"--output", "run", "--data-dir", "missing"}), 5, {"'run'", "--overwrite"});
  EXPECT_EQ(content("result.json") + content("model.safetensors"), before);
}

TEST_F(RunDirectoryTest, OverwriteReplacesARunAndLeavesOtherFilesAlone) {
  ASSERT_EQ(train({"--output", "run", "--epochs", "2"}).status, 0);
  write_bytes(run_directory() / "notes.txt", "mine");
  ASSERT_EQ(train({"--output", "run", "--overwrite"}).status, 0);
  EXPECT_EQ(content("notes.txt"), "mine");
  EXPECT_EQ(nlohmann::json::parse(content("result.json"))["epochs"], 1);
  EXPECT_EQ(lines_of(content("metrics.csv")).size(), 2u);
}

TEST_F(RunDirectoryTest, ADirectoryWithOtherFilesOnlyIsUsed) {
  fs::create_directory(run_directory());
  write_bytes(run_directory() / "notes.txt", "mine");
  EXPECT_EQ(train({"--output", "run"}).status, 0);
  EXPECT_EQ(content("notes.txt"), "mine");
}

TEST_F(RunDirectoryTest, OverwriteKeepsTheOldRunWhenTheNewOneCannotStart) {
  ASSERT_EQ(train({"--output", "run"}).status, 0);
  const std::string before = content("model.safetensors") + content("result.json");
  EXPECT_EQ(train({"--output", "run", "--overwrite", "--data-dir", "missing"}).status, 3);
  EXPECT_EQ(train({"--output", "run", "--overwrite", "--val-split", "200"}).status, 2);
  EXPECT_EQ(content("model.safetensors") + content("result.json"), before);
}

TEST_F(RunDirectoryTest, AFileInTheWayIsAnError) {
  write_bytes(directory() / "file", "mine");
  for (const char* output : {"file", "file/below"})
    expect_error(train({"--output", output, "--quiet"}), 1, {"'" + std::string(output) + "'"});
  EXPECT_EQ(content_of(directory() / "file"), "mine");
}

TEST_F(RunDirectoryTest, ADirectoryThatCannotBeWrittenIsAnErrorBeforeTraining) {
  fs::permissions(directory(), fs::perms(0755));
  fs::permissions(dataset().parent_path(), fs::perms(0755));
  fs::create_directory(directory() / "locked");
  fs::permissions(directory() / "locked", fs::perms(0555));
  for (const char* output : {"locked", "locked/run"}) {
    Call denied = training({"--output", output, "--quiet"});
    denied.unprivileged = true;
    const Outcome outcome = run_program(denied);
    if (outcome.status == 126 || outcome.status == 127)
      GTEST_SKIP() << "an unprivileged user cannot start the program where it stands";
    expect_error(outcome, 1, {"'" + std::string(output), "Permission denied", "--output"});
    EXPECT_EQ(outcome.out, "");
  }
  EXPECT_TRUE(names_in(directory() / "locked").empty());
}

TEST_F(RunDirectoryTest, AFileSizeLimitBelowARunsFilesIsFoundBeforeTraining) {
  Call limited = training({"--output", "run", "--quiet"});
  limited.file_size_limit = 40'000;  // the model needs 88 kB, the others a few
  const Outcome outcome = run_program(limited);
  expect_error(outcome, 1, {"'run'", "not writable", "File too large"});
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(names_in(run_directory()), ::testing::IsEmpty());
}

TEST_F(RunDirectoryTest, ARunThatCannotWriteItsFirstFileEndsBeforeTraining) {
  Call limited = training({"--output", "run", "--quiet"});
  limited.file_size_limit = 0;
  const Outcome outcome = run_program(limited);
  EXPECT_EQ(outcome.status, 1);
  EXPECT_FALSE(outcome.killed) << "ended by a signal, not by an error";
  EXPECT_EQ(outcome.out, "");
}

TEST_F(RunDirectoryTest, ADiskTooSmallForARunsFilesIsFoundBeforeTheOldRunIsTouched) {
  const fs::path disk = directory() / "disk";
  fs::create_directory(disk);
  if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=900k") != 0)
    GTEST_SKIP() << "no right to mount a small disk";
  ASSERT_EQ(train({"--output", "disk/run", "--quiet"}).status, 0);
  write_bytes(disk / "other", std::string(200'000, 'x'));
  const auto before = names_in(disk / "run");
  const std::string model = content_of(disk / "run" / "model.safetensors");
  const Outcome outcome = train({"--output", "disk/run", "--quiet", "--overwrite", "--seed", "1"});
  const auto after = names_in(disk / "run");
  const std::string model_after = content_of(disk / "run" / "model.safetensors");
  ::umount2(disk.c_str(), MNT_DETACH);
  expect_error(outcome, 1, {"'disk/run'", "not writable", "No space left on device"});
  EXPECT_EQ(after, before);
  EXPECT_EQ(model_after, model);
}

TEST_F(RunDirectoryTest, NoEpochsInitialiseEvaluateAndSave) {
  const Outcome outcome = train({"--output", "run", "--epochs", "0", "--json"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const auto result = event_of(outcome.out, "result");
  EXPECT_EQ(result["epochs"], 0);
  EXPECT_EQ(result["status"], "finished");
  EXPECT_NEAR(result["final"]["loss"].get<double>(), 2.3, 0.1);  // ln 10: it knows nothing yet
  EXPECT_EQ(result["checkpoint"], "run/model.safetensors");
  EXPECT_TRUE(fs::exists(run_directory() / "model.safetensors"));
}

TEST_F(RunDirectoryTest, APathThatIsNoUtf8Works) {
  const std::string name = "run\xff";
  for (const char* format : {"--quiet", "--json"}) {
    const Outcome outcome = train({"--output", name, "--quiet", format, "--overwrite"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_TRUE(fs::exists(directory() / name / "result.json"));
    fs::remove_all(directory() / name);
  }
}

}  // namespace
}  // namespace fmnist
