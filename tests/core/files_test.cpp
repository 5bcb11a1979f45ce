#include "fmnist/core/files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <string>
#include <vector>

#include "support/child_process.h"
#include "support/errors.h"
#include "support/temporary_directory.h"

namespace fmnist {
namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& path) { return read_file(path, ErrorKind::kRuntime); }

std::vector<std::string> entries(const fs::path& directory) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory)) {
    names.push_back(entry.path().filename().string());
  }
  return names;
}

std::string read_error(const fs::path& path) {
  return error_of(ErrorKind::kData, [&] { read_file(path, ErrorKind::kData); });
}

std::string write_error(const fs::path& path) {
  return error_of(ErrorKind::kRuntime, [&] { write_file_atomically(path, "new"); });
}

TEST(Files, ReadBackWhatWasWritten) {
  const TemporaryDirectory directory;
  const fs::path path = directory.path() / "file";
  std::string bytes(100000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7);
  for (const std::string& text : {bytes, std::string("short"), std::string()}) {
    write_file_atomically(path, text);
    EXPECT_EQ(content(path), text);
    EXPECT_EQ(entries(directory.path()), std::vector<std::string>{"file"});
  }
}

TEST(Files, LinesAreAddedAtTheEnd) {
  const TemporaryDirectory directory;
  const fs::path path = directory.path() / "lines";
  append_line(path, "one");
  append_line(path, "");
  append_line(path, "three");
  EXPECT_EQ(content(path), "one\n\nthree\n");
  expect_parts(error_of(ErrorKind::kRuntime, [&] { append_line(path / "under", "a file"); }),
               {"under", "Not a directory"});
}

TEST(Files, WriteToANameWithoutADirectory) {
  const TemporaryDirectory directory;
  const fs::path before = fs::current_path();
  fs::current_path(directory.path());
  write_file_atomically("file", "text");
  fs::current_path(before);
  EXPECT_EQ(content(directory.path() / "file"), "text");
}

TEST(Files, ReplaceTheFileAndDoNotWriteIntoIt) {
  const TemporaryDirectory directory;
  const fs::path path = directory.path() / "file";
  write_file_atomically(path, "old");
  fs::create_hard_link(path, directory.path() / "other name of the old file");
  write_file_atomically(path, "new");
  EXPECT_EQ(content(path), "new");
  EXPECT_EQ(content(directory.path() / "other name of the old file"), "old");
}

TEST(Files, OverwriteWhatAKilledRunLeftHalfWritten) {
  const TemporaryDirectory directory;
  const fs::path path = directory.path() / "file";
  write_file_atomically(directory.path() / ".file.tmp", "longer than what comes after it");
  write_file_atomically(path, "text");
  EXPECT_EQ(content(path), "text");
  EXPECT_EQ(entries(directory.path()), std::vector<std::string>{"file"});
}

TEST(Files, WritingIntoAMissingDirectoryNamesThePath) {
  const TemporaryDirectory directory;
  const fs::path path = directory.path() / "missing" / "file";
  expect_parts(write_error(path), {path.string(), "No such file or directory"});
}

TEST(Files, WritingOverADirectoryLeavesItAndNothingElse) {
  const TemporaryDirectory directory;
  const fs::path path = directory.path() / "file";
  fs::create_directory(path);
  expect_parts(write_error(path), {path.string(), "directory"});
  EXPECT_EQ(entries(directory.path()), std::vector<std::string>{"file"});
}

TEST(Files, WritingWithoutPermissionNamesThePath) {
  const TemporaryDirectory directory;
  fs::permissions(directory.path(), fs::perms::owner_read | fs::perms::owner_exec);
  const fs::path path = directory.path() / "file";
  expect_parts(error_in_child([&] {
                 become_unprivileged();
                 write_file_atomically(path, "text");
               }),
               {path.string(), "Permission denied"});
  fs::permissions(directory.path(), fs::perms::owner_all);
}

TEST(Files, AFullDiskLeavesTheOldFileAndNoTemporaryOne) {
  const TemporaryDirectory directory;
  const fs::path path = directory.path() / "file";
  write_file_atomically(path, "old");
  expect_parts(error_in_child([&] {
                 std::signal(SIGXFSZ, SIG_IGN);
                 const rlimit limit{1000, 1000};
                 ::setrlimit(RLIMIT_FSIZE, &limit);
                 write_file_atomically(path, std::string(5000, 'x'));
               }),
               {path.string(), "File too large"});
  EXPECT_EQ(content(path), "old");
  EXPECT_EQ(entries(directory.path()), std::vector<std::string>{"file"});
}

TEST(Files, ReadingWhatIsNoFileNamesThePathAndTheReason) {
  const TemporaryDirectory directory;
  const fs::path missing = directory.path() / "missing";
  expect_parts(read_error(missing), {missing.string(), "No such file or directory"});
  expect_parts(read_error(directory.path()), {directory.path().string(), "directory"});
  const fs::path fifo = directory.path() / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  expect_parts(read_error(fifo), {fifo.string(), "not a regular file"});
  expect_parts(read_error("/dev/null"), {"/dev/null", "not a regular file"});
}

TEST(Files, ReadingWithoutPermissionNamesThePath) {
  const TemporaryDirectory directory;
  const fs::path path = directory.path() / "file";
  write_file_atomically(path, "secret");
  fs::permissions(path, fs::perms::none);
  fs::permissions(directory.path(), fs::perms::owner_all | fs::perms::others_exec);
  expect_parts(error_in_child([&] {
                 become_unprivileged();
                 read_file(path, ErrorKind::kData);
               }),
               {path.string(), "Permission denied"});
}

TEST(Files, ErrorsHaveTheKindTheReaderAskedFor) {
  error_of(ErrorKind::kCheckpoint, [] { read_file("/nowhere", ErrorKind::kCheckpoint); });
}

}  // namespace
}  // namespace fmnist
