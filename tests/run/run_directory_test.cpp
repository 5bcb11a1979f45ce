#include "fmnist/run/run_directory.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <optional>
#include <set>

#include "fmnist/core/files.h"
#include "support/child_process.h"
#include "support/errors.h"
#include "support/idx_writer.h"
#include "support/temporary_directory.h"

namespace fmnist {
namespace {

namespace fs = std::filesystem;

class RunDirectoryTest : public testing::Test {
 protected:
  fs::path directory() const { return temporary_.path() / "run"; }
  const fs::path& parent() const { return temporary_.path(); }

  void put(const std::string& name, const std::string& bytes = "x") const {
    fs::create_directories(directory());
    write_bytes(directory() / name, bytes);
  }

  std::string refusal(Claim claim, ErrorKind kind = ErrorKind::kCheckpoint) const {
    return error_of(kind, [&] { RunDirectory(directory(), claim); });
  }

 private:
  TemporaryDirectory temporary_;
};

TEST_F(RunDirectoryTest, IsMadeWithItsParents) {
  const RunDirectory run(directory() / "a" / "b", Claim::kNew);
  EXPECT_TRUE(fs::is_directory(directory() / "a" / "b"));
  EXPECT_EQ(run.path(), directory() / "a" / "b");
}

TEST_F(RunDirectoryTest, ANewRunRefusesEveryFileOfAnEarlierOne) {
  for (const char* file :
       {kConfigFile, kMetricsFile, kResultFile, kLogFile, kModelFile, kStateFile, kReportFile}) {
    put(file);
    expect_parts(refusal(Claim::kNew), {directory().string(), "already holds a run", file});
    EXPECT_EQ(read_file(directory() / file, ErrorKind::kRuntime), "x");
    fs::remove(directory() / file);
  }
}

TEST_F(RunDirectoryTest, ANewRunLivesBesideOtherFiles) {
  for (const char* name : {"notes.txt", "probe", ".hidden"}) put(name, "mine");
  const RunDirectory run(directory(), Claim::kNew);
  for (const char* name : {"notes.txt", "probe", ".hidden"})
    EXPECT_EQ(read_file(directory() / name, ErrorKind::kRuntime), "mine");
}

TEST_F(RunDirectoryTest, OverwritingRemovesTheRunAndNothingElse) {
  for (const char* file :
       {kConfigFile, kMetricsFile, kResultFile, kLogFile, kModelFile, kStateFile, kReportFile})
    put(file);
  put("notes.txt");
  put("model.safetensors.bak");
  const RunDirectory run(directory(), Claim::kOverwrite);
  std::set<std::string> left;
  for (const auto& entry : fs::directory_iterator(directory()))
    left.insert(entry.path().filename().string());
  EXPECT_EQ(left, (std::set<std::string>{"notes.txt", "model.safetensors.bak"}));
}

TEST_F(RunDirectoryTest, OverwritingRemovesEventFilesAndTheirFolderOnceItIsEmpty) {
  const fs::path folder = directory() / kTensorBoardDirectory;
  fs::create_directories(folder);
  for (const char* name : {"events.out.tfevents.1.2", "events.out.tfevents.3.4", "notes.txt"})
    write_bytes(folder / name, "x");
  { const RunDirectory run(directory(), Claim::kResume); }
  EXPECT_TRUE(fs::exists(folder / "events.out.tfevents.1.2"));
  { const RunDirectory run(directory(), Claim::kOverwrite); }
  EXPECT_FALSE(fs::exists(folder / "events.out.tfevents.1.2"));
  EXPECT_FALSE(fs::exists(folder / "events.out.tfevents.3.4"));
  EXPECT_TRUE(fs::exists(folder / "notes.txt"));
  fs::remove(folder / "notes.txt");
  const RunDirectory run(directory(), Claim::kOverwrite);
  EXPECT_FALSE(fs::exists(folder));
}

TEST_F(RunDirectoryTest, OverwritingWhatCannotBeRemovedIsAnErrorAndFreesTheLock) {
  fs::create_directories(directory() / kResultFile / "folder");
  expect_parts(refusal(Claim::kOverwrite, ErrorKind::kRuntime), {"cannot remove", kResultFile});
  const RunDirectory run(directory(), Claim::kResume);
}

TEST_F(RunDirectoryTest, ResumingLeavesTheFiles) {
  put(kStateFile, "state");
  const RunDirectory run(directory(), Claim::kResume);
  EXPECT_EQ(read_file(directory() / kStateFile, ErrorKind::kRuntime), "state");
}

TEST_F(RunDirectoryTest, ASecondClaimIsRefusedHoweverItIsMade) {
  const RunDirectory first(directory(), Claim::kNew);
  put(kStateFile, "state");
  for (const Claim claim : {Claim::kOverwrite, Claim::kResume}) {
    expect_parts(refusal(claim), {"another program is writing", directory().string()});
    expect_parts(error_in_child([&] { RunDirectory(directory(), claim); }),
                 {"another program is writing", directory().string()});
  }
  EXPECT_EQ(read_file(directory() / kStateFile, ErrorKind::kRuntime), "state");
}

TEST_F(RunDirectoryTest, ASecondNewRunIsRefusedBeforeTheFirstHasWrittenAnything) {
  const RunDirectory first(directory(), Claim::kNew);
  expect_parts(refusal(Claim::kNew), {"another program is writing"});
}

TEST_F(RunDirectoryTest, TheSameDirectoryByAnotherNameIsLockedToo) {
  const RunDirectory first(directory(), Claim::kNew);
  fs::create_directory_symlink(directory(), parent() / "link");
  expect_parts(
      error_of(ErrorKind::kCheckpoint, [&] { RunDirectory(parent() / "link", Claim::kResume); }),
      {"another program is writing"});
}

TEST_F(RunDirectoryTest, TheLockGoesWithTheObject) {
  std::optional<RunDirectory> first(std::in_place, directory(), Claim::kNew);
  first.reset();
  const RunDirectory second(directory(), Claim::kResume);
}

TEST_F(RunDirectoryTest, TheLockGoesWithAProcessThatDies) {
  EXPECT_EQ(error_in_child([&] {
              const RunDirectory run(directory(), Claim::kNew);
              ::_exit(0);
            }),
            "");
  const RunDirectory second(directory(), Claim::kResume);
}

TEST_F(RunDirectoryTest, ARefusedNewRunLeavesNoLock) {
  put(kStateFile);
  refusal(Claim::kNew);
  const RunDirectory run(directory(), Claim::kResume);
}

TEST_F(RunDirectoryTest, AFileInTheWayIsNamed) {
  write_bytes(directory(), "mine");
  for (const Claim claim : {Claim::kNew, Claim::kOverwrite, Claim::kResume}) {
    expect_parts(refusal(claim, ErrorKind::kRuntime),
                 {"cannot create the run directory", directory().string()});
  }
  EXPECT_EQ(read_file(directory(), ErrorKind::kRuntime), "mine");
}

TEST_F(RunDirectoryTest, AParentThatMayNotBeWrittenIsAnError) {
  fs::create_directory(directory());
  ::chmod(parent().c_str(), 0755);
  ::chmod(directory().c_str(), 0755);
  expect_parts(error_in_child([&] {
                 become_unprivileged();
                 ::chmod(directory().c_str(), 0555);  // where the user is no other than root's
                 RunDirectory(directory() / "below", Claim::kNew);
               }),
               {"cannot create the run directory", "Permission denied"});
}

TEST_F(RunDirectoryTest, RefusingAloneMakesNothing) {
  refuse_existing_run(directory());
  EXPECT_FALSE(fs::exists(directory()));
  put(kLogFile);
  expect_parts(error_of(ErrorKind::kCheckpoint, [&] { refuse_existing_run(directory()); }),
               {"already holds a run", kLogFile});
}

}  // namespace
}  // namespace fmnist
