// What a broken, full or vanishing disk does to a run: an error sentence, status 1, and the last
// good state whole, from which the run goes on to the same end as one that met no fault.

#include <gtest/gtest.h>
#include <sys/mount.h>

#include <fstream>
#include <thread>

#include "cli/program.h"
#include "fmnist/core/parameters.h"
#include "fmnist/run/checkpoint.h"
#include "fmnist/run/run_directory.h"

namespace fmnist {
namespace {

namespace fs = std::filesystem;

class FaultsTest : public ProgramTest {
 protected:
  static std::vector<std::string> recipe() {
    return {"--engine", "fused", "--epochs", "3", "--checkpoint-every", "2b"};
  }
  Call run_in(const std::string& output) const {
    auto arguments = recipe();
    arguments.insert(arguments.end(), {"--output", output, "--quiet"});
    return training(arguments);
  }

  /// The end of the same run on a good disk.
  std::string undisturbed(int epochs) const {
    fs::remove_all(directory() / "undisturbed");
    Call call = run_in("undisturbed");
    call.arguments.insert(call.arguments.end(), {"--epochs", std::to_string(epochs)});
    const Outcome outcome = run_program(call);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return content_of(directory() / "undisturbed" / kMetricsFile);
  }

  void expect_no_temporary_file(const fs::path& run) const {
    for (const std::string& name : names_in(run)) EXPECT_FALSE(name.starts_with('.')) << name;
  }

  /// Expects that the run in `output` can be resumed, and ends as if nothing had happened.
  void expect_resumable(const std::string& output, int epochs = 3) const {
    const fs::path run = directory() / output;
    expect_no_temporary_file(run);
    EXPECT_NO_THROW(load_saved_run(run / kStateFile));
    const Outcome outcome = this->run({"--output", output, "--resume", "--quiet"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(content_of(run / kMetricsFile), undisturbed(epochs));
  }

  /// Waits until the run has kept a state; false when it ended without.
  static bool wait_for(const fs::path& file) {
    for (int tries = 0; tries < 2000 && !fs::exists(file); ++tries)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return fs::exists(file);
  }
};

TEST_F(FaultsTest, ADiskThatFailsToSyncOrRenameLosesNoGoodState) {
  for (const char* call : {"fsync", "rename"}) {
    const std::string output = std::string("run-") + call;
    Call broken = run_in(output);
    broken.environment = {{"LD_PRELOAD", FMNIST_FAILING_CALLS},
                          {"FMNIST_FAIL_CALL", call},
                          {"FMNIST_FAIL_NAME", kStateFile},
                          {"FMNIST_FAIL_AFTER", "2"}};
    const Outcome outcome = run_program(broken);
    EXPECT_EQ(outcome.status, 1) << outcome.err;
    EXPECT_NE(outcome.err.find("error: cannot write '" + output + "/last.safetensors': Input/"),
              std::string::npos)
        << outcome.err;
    EXPECT_EQ(load_saved_run(directory() / output / kStateFile).position.state.step, 4u);
    expect_resumable(output);
  }
}

TEST_F(FaultsTest, AModelThatCannotBeWrittenLeavesTheStateOfTheEnd) {
  Call broken = run_in("run");
  broken.environment = {{"LD_PRELOAD", FMNIST_FAILING_CALLS},
                        {"FMNIST_FAIL_CALL", "rename"},
                        {"FMNIST_FAIL_NAME", kModelFile}};
  expect_error(run_program(broken), 1, {"cannot write 'run/model.safetensors'"});
  EXPECT_EQ(load_saved_run(directory() / "run" / kStateFile).position.epochs, 3u);
  expect_resumable("run");
}

TEST_F(FaultsTest, ADiskThatFailsForAWhileDoesNotEndTheRun) {
  // The temporary file's name is taken until the first epoch is over.
  const fs::path output = directory() / "run";
  fs::create_directory(output);
  fs::create_directory(output / ".last.safetensors.tmp");
  Call call = run_in("run");
  call.arguments.insert(call.arguments.end(), {"--epochs", "80"});
  std::thread repair([&] {
    if (wait_for(output / kMetricsFile)) fs::remove(output / ".last.safetensors.tmp");
  });
  const Outcome outcome = run_program(call);
  repair.join();
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NO_THROW(load_saved_run(output / kStateFile));
  expect_no_temporary_file(output);
}

TEST_F(FaultsTest, ADiskThatFillsUpLosesNoGoodState) {
  const fs::path disk = directory() / "disk";
  fs::create_directory(disk);
  if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=800k") != 0)
    GTEST_SKIP() << "no right to mount a small disk";
  Call call = run_in("disk/run");
  call.arguments.insert(call.arguments.end(), {"--epochs", "80"});
  std::thread fill([&] {
    if (!wait_for(disk / "run" / kMetricsFile)) return;
    std::ofstream filler(disk / "filler", std::ios::binary);
    while (filler.write(std::string(1000, 'x').data(), 1000).flush()) {
    }
  });
  const Outcome outcome = run_program(call);
  fill.join();
  fs::copy(disk / "run", directory() / "saved");
  ::umount2(disk.c_str(), MNT_DETACH);
  EXPECT_EQ(outcome.status, 1) << outcome.err;
  EXPECT_NE(outcome.err.find("No space left on device"), std::string::npos) << outcome.err;
  expect_resumable("saved", 80);
}

TEST_F(FaultsTest, ALimitOnFileSizesIsAnErrorBeforeTheRunBegins) {
  Call limited = run_in("run");
  limited.file_size_limit = 100'000;  // a state needs 177 kB
  const Outcome outcome = run_program(limited);
  EXPECT_FALSE(outcome.killed);
  expect_error(outcome, 1, {"'run'", "File too large"});
  EXPECT_TRUE(names_in(directory() / "run").empty());
}

TEST_F(FaultsTest, ALimitOnFileSizesKeepsTheStateOfTheRunThatWouldGoOn) {
  Call first = run_in("run");
  first.arguments.insert(first.arguments.end(), {"--max-time", "0.000001"});
  ASSERT_EQ(run_program(first).status, 0);
  Call limited = call({"--output", "run", "--resume", "--quiet"});
  limited.file_size_limit = 100'000;
  expect_error(run_program(limited), 1, {"'run'", "File too large"});
  EXPECT_EQ(load_saved_run(directory() / "run" / kStateFile).position.state.step, 1u);
  expect_resumable("run");
}

TEST_F(FaultsTest, AnOutputRemovedWhileTrainingIsWrittenAgain) {
  const fs::path output = directory() / "run";
  Call call = run_in("run");
  call.arguments.insert(call.arguments.end(), {"--epochs", "80"});
  std::thread remove([&] {
    if (wait_for(output / kMetricsFile)) fs::rename(output, directory() / "gone");
  });
  const Outcome outcome = run_program(call);
  remove.join();
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  ASSERT_TRUE(fs::exists(directory() / "gone"));
  EXPECT_EQ(lines_of(content_of(output / kMetricsFile)).size(), 81u);
  for (const char* file : {kConfigFile, kModelFile, kResultFile, kStateFile})
    EXPECT_TRUE(fs::exists(output / file)) << file;
}

TEST_F(FaultsTest, AReadOnlyDirectoryIsAnErrorBeforeTheResumedRunBegins) {
  ASSERT_EQ(run_program(run_in("run")).status, 0);
  fs::permissions(directory(), fs::perms(0755));
  fs::permissions(dataset().parent_path(), fs::perms(0755));
  fs::permissions(directory() / "run", fs::perms(0555));
  const std::string before = content_of(directory() / "run" / kStateFile);
  Call denied = call({"--output", "run", "--resume", "--quiet"});
  denied.unprivileged = true;
  const Outcome outcome = run_program(denied);
  if (outcome.status == 126 || outcome.status == 127)
    GTEST_SKIP() << "an unprivileged user cannot start the program where it stands";
  expect_error(outcome, 1, {"'run", "Permission denied"});
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(content_of(directory() / "run" / kStateFile), before);
}

}  // namespace
}  // namespace fmnist
