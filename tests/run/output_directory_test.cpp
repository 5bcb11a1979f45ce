#include "fmnist/run/output_directory.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <optional>
#include <set>

#include "fmnist/core/files.h"
#include "fmnist/run/run_directory.h"
#include "support/child_process.h"
#include "support/errors.h"
#include "support/idx_writer.h"
#include "support/temporary_directory.h"

namespace fmnist {
namespace {

namespace fs = std::filesystem;

class OutputDirectoryTest : public testing::Test {
 protected:
  fs::path directory() const { return temporary_.path() / "run"; }
  const fs::path& parent() const { return temporary_.path(); }

  void put(const std::string& name, const std::string& bytes = "x") const {
    fs::create_directories(directory());
    write_bytes(directory() / name, bytes);
  }

  std::string refusal(Claim claim, ErrorKind kind = ErrorKind::kCheckpoint) const {
    return error_of(kind, [&] { OutputDirectory(directory(), claim, {kRunFiles}); });
  }

 private:
  TemporaryDirectory temporary_;
};

TEST_F(OutputDirectoryTest, IsMadeWithItsParents) {
  const OutputDirectory run(directory() / "a" / "b", Claim::kNew, {kRunFiles});
  EXPECT_TRUE(fs::is_directory(directory() / "a" / "b"));
  EXPECT_EQ(run.path(), directory() / "a" / "b");
}

TEST_F(OutputDirectoryTest, ANewRunRefusesEveryFileOfAnEarlierOne) {
  for (const char* file :
       {kConfigFile, kMetricsFile, kResultFile, kLogFile, kModelFile, kStateFile, kReportFile}) {
    put(file);
    expect_parts(refusal(Claim::kNew), {directory().string(), "already holds a run", file});
    EXPECT_EQ(read_file(directory() / file, ErrorKind::kRuntime), "x");
    fs::remove(directory() / file);
  }
}

TEST_F(OutputDirectoryTest, ANewRunLivesBesideOtherFiles) {
  for (const char* name : {"notes.txt", "probe", ".hidden"}) put(name, "mine");
  const OutputDirectory run(directory(), Claim::kNew, {kRunFiles});
  for (const char* name : {"notes.txt", "probe", ".hidden"})
    EXPECT_EQ(read_file(directory() / name, ErrorKind::kRuntime), "mine");
}

TEST_F(OutputDirectoryTest, OverwritingRemovesTheRunAndNothingElse) {
  for (const char* file :
       {kConfigFile, kMetricsFile, kResultFile, kLogFile, kModelFile, kStateFile, kReportFile})
    put(file);
  put("notes.txt");
  put("model.safetensors.bak");
  const OutputDirectory run(directory(), Claim::kOverwrite, {kRunFiles});
  std::set<std::string> left;
  for (const auto& entry : fs::directory_iterator(directory()))
    left.insert(entry.path().filename().string());
  EXPECT_EQ(left, (std::set<std::string>{"notes.txt", "model.safetensors.bak"}));
}

TEST_F(OutputDirectoryTest, OverwritingRemovesEventFilesAndTheirFolderOnceItIsEmpty) {
  const fs::path folder = directory() / kTensorBoardDirectory;
  fs::create_directories(folder);
  for (const char* name : {"events.out.tfevents.1.2", "events.out.tfevents.3.4", "notes.txt"})
    write_bytes(folder / name, "x");
  { const OutputDirectory run(directory(), Claim::kResume, {kRunFiles}); }
  EXPECT_TRUE(fs::exists(folder / "events.out.tfevents.1.2"));
  { const OutputDirectory run(directory(), Claim::kOverwrite, {kRunFiles}); }
  EXPECT_FALSE(fs::exists(folder / "events.out.tfevents.1.2"));
  EXPECT_FALSE(fs::exists(folder / "events.out.tfevents.3.4"));
  EXPECT_TRUE(fs::exists(folder / "notes.txt"));
  fs::remove(folder / "notes.txt");
  const OutputDirectory run(directory(), Claim::kOverwrite, {kRunFiles});
  EXPECT_FALSE(fs::exists(folder));
}

TEST_F(OutputDirectoryTest, OverwritingWhatCannotBeRemovedIsAnErrorAndFreesTheLock) {
  fs::create_directories(directory() / kResultFile / "folder");
  expect_parts(refusal(Claim::kOverwrite, ErrorKind::kRuntime), {"cannot remove", kResultFile});
  const OutputDirectory run(directory(), Claim::kResume, {kRunFiles});
}

TEST_F(OutputDirectoryTest, ResumingLeavesTheFiles) {
  put(kStateFile, "state");
  const OutputDirectory run(directory(), Claim::kResume, {kRunFiles});
  EXPECT_EQ(read_file(directory() / kStateFile, ErrorKind::kRuntime), "state");
}

TEST_F(OutputDirectoryTest, ASecondClaimIsRefusedHoweverItIsMade) {
  const OutputDirectory first(directory(), Claim::kNew, {kRunFiles});
  put(kStateFile, "state");
  for (const Claim claim : {Claim::kOverwrite, Claim::kResume}) {
    expect_parts(refusal(claim), {"another program is writing", directory().string()});
    expect_parts(error_in_child([&] { OutputDirectory(directory(), claim, {kRunFiles}); }),
                 {"another program is writing", directory().string()});
  }
  EXPECT_EQ(read_file(directory() / kStateFile, ErrorKind::kRuntime), "state");
}

TEST_F(OutputDirectoryTest, ASecondNewRunIsRefusedBeforeTheFirstHasWrittenAnything) {
  const OutputDirectory first(directory(), Claim::kNew, {kRunFiles});
  expect_parts(refusal(Claim::kNew), {"another program is writing"});
}

TEST_F(OutputDirectoryTest, TheSameDirectoryByAnotherNameIsLockedToo) {
  const OutputDirectory first(directory(), Claim::kNew, {kRunFiles});
  fs::create_directory_symlink(directory(), parent() / "link");
  expect_parts(error_of(ErrorKind::kCheckpoint,
                        [&] { OutputDirectory(parent() / "link", Claim::kResume, {kRunFiles}); }),
               {"another program is writing"});
}

TEST_F(OutputDirectoryTest, TheLockGoesWithTheObject) {
  std::optional<OutputDirectory> first(std::in_place, directory(), Claim::kNew,
                                       std::vector{kRunFiles});
  first.reset();
  const OutputDirectory second(directory(), Claim::kResume, {kRunFiles});
}

TEST_F(OutputDirectoryTest, TheLockGoesWithAProcessThatDies) {
  EXPECT_EQ(error_in_child([&] {
              const OutputDirectory run(directory(), Claim::kNew, {kRunFiles});
              ::_exit(0);
            }),
            "");
  const OutputDirectory second(directory(), Claim::kResume, {kRunFiles});
}

TEST_F(OutputDirectoryTest, ARefusedNewRunLeavesNoLock) {
  put(kStateFile);
  refusal(Claim::kNew);
  const OutputDirectory run(directory(), Claim::kResume, {kRunFiles});
}

TEST_F(OutputDirectoryTest, AFileInTheWayIsNamed) {
  write_bytes(directory(), "mine");
  for (const Claim claim : {Claim::kNew, Claim::kOverwrite, Claim::kResume}) {
    expect_parts(refusal(claim, ErrorKind::kRuntime),
                 {"cannot create the run directory", directory().string()});
  }
  EXPECT_EQ(read_file(directory(), ErrorKind::kRuntime), "mine");
}

TEST_F(OutputDirectoryTest, AParentThatMayNotBeWrittenIsAnError) {
  fs::create_directory(directory());
  ::chmod(parent().c_str(), 0755);
  ::chmod(directory().c_str(), 0755);
  expect_parts(error_in_child([&] {
                 become_unprivileged();
                 ::chmod(directory().c_str(), 0555);  // where the user is no other than root's
                 OutputDirectory(directory() / "below", Claim::kNew, {kRunFiles});
               }),
               {"cannot create the run directory", "Permission denied"});
}

TEST_F(OutputDirectoryTest, RefusingAloneMakesNothing) {
  refuse_existing(directory(), {kRunFiles});
  EXPECT_FALSE(fs::exists(directory()));
  put(kLogFile);
  expect_parts(error_of(ErrorKind::kCheckpoint, [&] { refuse_existing(directory(), {kRunFiles}); }),
               {"already holds a run", kLogFile});
}

/// What a sweep might keep beside what a run does.
const OutputFiles kOtherFiles = {"sweep", {"sweep.json"}, {"states"}};

TEST_F(OutputDirectoryTest, EveryKindOfOutputIsRefusedByName) {
  put("sweep.json");
  const OutputDirectory run(directory(), Claim::kNew, {kRunFiles});  // looks for runs only
  expect_parts(error_of(ErrorKind::kCheckpoint,
                        [&] {
                          refuse_existing(directory(), {kOtherFiles, kRunFiles});
                        }),
               {"already holds a sweep (sweep.json)"});
}

TEST_F(OutputDirectoryTest, FoldersAreRemovedWithAllTheyHoldButDoNotMakeADirectoryTaken) {
  fs::create_directories(directory() / "states");
  put("states/1");
  put(kResultFile);
  refuse_existing(directory(), {kOtherFiles});
  const OutputDirectory output(directory(), Claim::kOverwrite, {kOtherFiles, kRunFiles});
  EXPECT_TRUE(fs::is_empty(directory()));
}

}  // namespace
}  // namespace fmnist
