#include "fmnist/tensorboard/tensorboard_writer.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>

#include "fmnist/core/files.h"
#include "fmnist/image/picture.h"
#include "support/child_process.h"
#include "support/errors.h"
#include "support/temporary_directory.h"
#include "tensorboard/event_reader.h"

namespace fmnist {
namespace {

namespace fs = std::filesystem;

class TensorBoardWriterTest : public testing::Test {
 protected:
  TensorBoardWriterTest() { parameters.values[0] = 2.0f; }

  fs::path directory() const { return temporary_.path() / "run" / "tensorboard"; }

  std::unique_ptr<Observer> writer() {
    return tensorboard_writer(directory(),
                              [&](const Error& error) { failures.push_back(error.what()); });
  }
  RunStarted start(std::uint64_t first_step) const {
    return {&config, 100, 10, first_step, &parameters};
  }
  EpochFinished epoch(std::uint64_t number, bool on_val = false) const {
    return {number,       number * 10, 0.25, {1.5, 0.5}, on_val,
            {1.25, 0.75}, {},          1e5,  "feed",     &parameters};
  }
  static TrainProgress progress(std::uint64_t step) {
    return {1, step, step * 10, 100, 0.25, {3.5, 0.125}};
  }
  std::vector<fs::path> files() const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(directory())) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
  }
  static std::vector<ReadEvent> events_in(const fs::path& file) {
    return read_events(read_file(file, ErrorKind::kRuntime));
  }

  Config config;
  Parameters parameters;
  std::vector<std::string> failures;

 private:
  TemporaryDirectory temporary_;
};

TEST_F(TensorBoardWriterTest, WritesFiguresOfIntervalsAndEpochsAtTheirSteps) {
  const auto run = writer();
  run->on_start(start(0));
  run->on_progress(progress(5));
  run->on_epoch(epoch(1));
  ASSERT_EQ(files().size(), 1u);
  EXPECT_TRUE(files()[0].filename().string().starts_with("events.out.tfevents."));
  const auto events = events_in(files()[0]);  // while the run goes on
  ASSERT_EQ(events.size(), 5u);
  EXPECT_EQ(events[0].file_version, "brain.Event:2");
  EXPECT_EQ(events[1].step, 0);
  EXPECT_EQ(events[2].step, 5);
  EXPECT_EQ(events[2].scalars, (std::map<std::string, float>{{"loss/train_interval", 3.5f}}));
  EXPECT_EQ(events[3].step, 10);
  EXPECT_EQ(events[3].scalars, (std::map<std::string, float>{{"loss/train", 1.5f},
                                                             {"loss/test", 1.25f},
                                                             {"accuracy/train", 0.5f},
                                                             {"accuracy/test", 0.75f},
                                                             {"learning_rate", 0.25f},
                                                             {"images_per_second", 1e5f}}));
  EXPECT_EQ(events[4].step, 10);
  for (const std::size_t event : {1u, 4u})
    EXPECT_TRUE(events[event].images.contains("conv1/filters")) << event;
  EXPECT_TRUE(failures.empty());
}

TEST_F(TensorBoardWriterTest, ValidationFiguresAreCalledSo) {
  const auto run = writer();
  run->on_start(start(0));
  run->on_epoch(epoch(1, /*on_val=*/true));
  const auto scalars = events_in(files()[0])[2].scalars;
  EXPECT_EQ(scalars.at("loss/val"), 1.25f);
  EXPECT_EQ(scalars.at("accuracy/val"), 0.75f);
  EXPECT_FALSE(scalars.contains("loss/test"));
}

TEST_F(TensorBoardWriterTest, FiltersAreDrawnFromBlackToWhiteWithZeroInTheMiddle) {
  parameters.values[1] = -2.0f;
  parameters.values[2] = 1.0f;
  const auto run = writer();
  run->on_start(start(0));
  const Pictures sheet =
      decode_pictures(events_in(files()[0])[1].images.at("conv1/filters"), "sheet");
  const auto weight = [&](int column) {  // in the first row of the first filter
    return sheet.pixels[12 * sheet.width + 12 + 8 * static_cast<std::size_t>(column)];
  };
  EXPECT_EQ(weight(0), 255);
  EXPECT_EQ(weight(1), 0);
  EXPECT_EQ(weight(2), 191);
  EXPECT_EQ(weight(3), 128);
  EXPECT_EQ(weight(-1), 255);  // the sheet
}

TEST_F(TensorBoardWriterTest, WeightsThatAreAllZeroAreMidGrey) {
  parameters.values[0] = 0.0f;
  const auto run = writer();
  run->on_start(start(0));
  const Pictures sheet =
      decode_pictures(events_in(files()[0])[1].images.at("conv1/filters"), "sheet");
  EXPECT_EQ(sheet.pixels[12 * sheet.width + 12], 128);
}

TEST_F(TensorBoardWriterTest, AResumedRunGoesOnInAFileOfItsOwn) {
  writer()->on_start(start(0));
  const auto run = writer();
  run->on_start(start(10));
  run->on_epoch(epoch(2));
  ASSERT_EQ(files().size(), 2u);
  const auto events = events_in(files()[1]);
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[0].file_version, "brain.Event:2");
  EXPECT_EQ(events[1].session_status, 1);  // START: what others say of this step and later is void
  EXPECT_EQ(events[1].step, 11);
  EXPECT_EQ(events[2].step, 20);
}

TEST_F(TensorBoardWriterTest, WhatCannotBeWrittenIsToldOnce) {
  fs::create_directories(directory().parent_path());
  write_file_atomically(directory(), "in the way");
  const auto run = writer();
  run->on_start(start(0));
  run->on_progress(progress(5));
  run->on_epoch(epoch(1));
  ASSERT_EQ(failures.size(), 1u);
  expect_parts(failures[0], {"cannot write", directory().string(), "goes on without"});
}

TEST_F(TensorBoardWriterTest, AFullDiskIsToldOnce) {
  const std::string told = error_in_child([&] {
    const auto run = writer();
    run->on_start(start(0));
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{fs::file_size(files()[0]) + 100, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    run->on_progress(progress(5));
    run->on_epoch(epoch(1));
    run->on_epoch(epoch(2));
    throw Error(ErrorKind::kRuntime, std::to_string(failures.size()) + ": " + failures.at(0));
  });
  expect_parts(told, {"1: cannot write", directory().string(), "File too large"});
}

}  // namespace
}  // namespace fmnist
