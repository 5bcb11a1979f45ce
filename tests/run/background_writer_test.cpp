#include "run/background_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fmnist/core/files.h"
#include "support/errors.h"
#include "support/temporary_directory.h"

namespace fmnist {
namespace {

namespace fs = std::filesystem;

class BackgroundWriterTest : public testing::Test {
 protected:
  fs::path path(const std::string& file) const { return temporary_.path() / file; }
  std::string content(const std::string& file) const {
    return read_file(path(file), ErrorKind::kRuntime);
  }
  /// Makes the next write of `file` a stuck one, until `release`: its temporary file is a pipe.
  void obstruct(const std::string& file) const {
    ASSERT_EQ(::mkfifo(path("." + file + ".tmp").c_str(), 0600), 0);
  }
  /// More than a pipe takes.
  static std::string stuck_bytes() { return std::string(1 << 20, 'x'); }
  /// Returns when the stuck write of `file` has begun; a descriptor for `release`.
  int wait_until_stuck(const std::string& file) const {
    return ::open(path("." + file + ".tmp").c_str(), O_RDONLY | O_CLOEXEC);
  }
  /// Makes the stuck write fail.
  static void release(int pipe) { ::close(pipe); }
  /// The results as "name number", with " failed" where there is an error.
  static std::vector<std::string> told(BackgroundWriter& writer) {
    std::vector<std::string> told;
    for (const auto& result : writer.results()) {
      told.push_back(result.path.filename().string() + " " + std::to_string(result.number) +
                     (result.error ? " failed" : ""));
    }
    return told;
  }

 private:
  TemporaryDirectory temporary_;
};

using Strings = std::vector<std::string>;

TEST_F(BackgroundWriterTest, WritesAndTellsOnce) {
  BackgroundWriter writer({});
  EXPECT_EQ(writer.write(path("a"), "first"), 1u);
  writer.drain();
  EXPECT_EQ(content("a"), "first");
  EXPECT_EQ(told(writer), Strings{"a 1"});
  EXPECT_EQ(told(writer), Strings{});
  EXPECT_EQ(writer.write(path("a"), "second"), 2u);
  writer.drain();
  EXPECT_EQ(content("a"), "second");
  EXPECT_EQ(told(writer), Strings{"a 2"});
}

TEST_F(BackgroundWriterTest, ANewerVersionReplacesOneThatWaits) {
  BackgroundWriter writer({});
  obstruct("stuck");
  writer.write(path("stuck"), stuck_bytes());
  const int pipe = wait_until_stuck("stuck");
  writer.write(path("a"), "first");
  writer.write(path("b"), "other");
  writer.write(path("a"), "second");
  writer.write(path("a"), "third");
  EXPECT_EQ(told(writer), Strings{});
  release(pipe);
  writer.drain();
  EXPECT_EQ(told(writer), (Strings{"stuck 1 failed", "a 5", "b 3"}));
  EXPECT_EQ(content("a"), "third");
  EXPECT_EQ(content("b"), "other");
}

TEST_F(BackgroundWriterTest, FilesOfABatchComeInTheirOrder) {
  BackgroundWriter writer({path("metrics"), path("a state")});
  obstruct("stuck");
  writer.write(path("stuck"), stuck_bytes());
  const int pipe = wait_until_stuck("stuck");
  writer.write(path("a last one"), "");
  writer.write(path("a state"), "1");
  writer.write(path("metrics"), "1");
  writer.write(path("a state"), "2");
  release(pipe);
  writer.drain();
  EXPECT_EQ(told(writer), (Strings{"stuck 1 failed", "metrics 4", "a state 5", "a last one 2"}));
}

TEST_F(BackgroundWriterTest, ABatchThatHasBegunIsWrittenToItsEnd) {
  // Else a file late in the order would never be written where new versions come fast.
  BackgroundWriter writer({path("metrics"), path("state")});
  obstruct("stuck");
  obstruct("metrics");
  writer.write(path("stuck"), stuck_bytes());
  const int first = wait_until_stuck("stuck");
  writer.write(path("metrics"), stuck_bytes());
  writer.write(path("state"), "1");
  release(first);
  const int second = wait_until_stuck("metrics");
  writer.write(path("metrics"), "2");
  writer.write(path("state"), "2");
  release(second);
  writer.drain();
  EXPECT_EQ(told(writer),
            (Strings{"stuck 1 failed", "metrics 2 failed", "state 3", "metrics 4", "state 5"}));
  EXPECT_EQ(content("metrics"), "2");
  EXPECT_EQ(content("state"), "2");
}

TEST_F(BackgroundWriterTest, AnErrorIsToldAndTheNextWriteTried) {
  BackgroundWriter writer({});
  writer.write(path("missing/a"), "text");
  writer.drain();
  const auto results = writer.results();
  ASSERT_EQ(results.size(), 1u);
  ASSERT_TRUE(results[0].error);
  EXPECT_EQ(results[0].error->kind(), ErrorKind::kRuntime);
  expect_parts(results[0].error->what(), {"cannot write", "missing/a", "No such file"});
  fs::create_directory(path("missing"));
  writer.write(path("missing/a"), "text");
  writer.drain();
  EXPECT_EQ(told(writer), Strings{"a 2"});
  EXPECT_EQ(content("missing/a"), "text");
}

TEST_F(BackgroundWriterTest, ItsEndWaitsForWhatIsLeft) {
  obstruct("stuck");
  int pipe = -1;
  {
    BackgroundWriter writer({});
    writer.write(path("stuck"), stuck_bytes());
    pipe = wait_until_stuck("stuck");
    writer.write(path("a"), "first");
    writer.write(path("a"), "last");
    release(pipe);
  }
  EXPECT_EQ(content("a"), "last");
}

}  // namespace
}  // namespace fmnist
