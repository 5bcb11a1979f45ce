#include "fmnist/run/run_directory.h"

#include <gtest/gtest.h>

#include <fstream>

#include "fmnist/core/files.h"
#include "fmnist/core/options.h"
#include "support/errors.h"
#include "support/idx_writer.h"
#include "support/temporary_directory.h"

namespace fmnist {
namespace {

class RunDirectoryTest : public testing::Test {
 protected:
  std::string content(const char* file) const {
    return read_file(directory() / file, ErrorKind::kRuntime);
  }
  std::filesystem::path directory() const { return temporary.path() / "run"; }
  RunFacts facts() const {
    RunFacts facts;
    facts.config.epochs = 2;
    facts.output = directory();
    facts.data_sha256 = "abc";
    return facts;
  }
  EpochFinished epoch(std::uint64_t number) const {
    return {number, number * 10, 0.01, {}, false, {}, {}, 1.0, "feed"};
  }

  TemporaryDirectory temporary;
};

TEST_F(RunDirectoryTest, AFinishedRunHasItsFiles) {
  prepare_run_directory(directory(), false);
  RunDirectory run(facts());
  run.on_epoch(epoch(1));
  run.on_epoch(epoch(2));
  RunPosition position;
  position.state.parameters.values[0] = 5.0f;
  position.epochs = 2;
  run.on_position(position);
  run.on_finish({});
  EXPECT_EQ(content(kConfigFile), to_toml(facts().config));
  EXPECT_EQ(content(kMetricsFile),
            metrics_csv_header() + metrics_csv_row(epoch(1)) + metrics_csv_row(epoch(2)));
  const Checkpoint model = load_checkpoint(directory() / kModelFile);
  EXPECT_EQ(model.parameters, position.state.parameters);
  ASSERT_TRUE(model.info);
  EXPECT_EQ(model.info->epoch, 2u);
  EXPECT_EQ(model.info->data_sha256, "abc");
  const auto result = nlohmann::json::parse(content(kResultFile));
  EXPECT_EQ(result["status"], "finished");
  EXPECT_EQ(result["checkpoint"], (directory() / kModelFile).string());
}

TEST_F(RunDirectoryTest, TheModelIsTheBestByValidationWhereThereIsOne) {
  prepare_run_directory(directory(), false);
  RunDirectory run(facts());
  RunPosition position;
  position.best = BestEpoch{};
  position.best->parameters.values[3] = 7.0f;
  run.on_position(position);
  EXPECT_EQ(load_checkpoint(directory() / kModelFile).parameters, position.best->parameters);
}

TEST_F(RunDirectoryTest, AnEarlierRunIsRefused) {
  prepare_run_directory(directory(), false);
  RunDirectory run(facts());
  expect_parts(error_of(ErrorKind::kCheckpoint, [&] { prepare_run_directory(directory(), false); }),
               {directory().string(), "already holds a run", kConfigFile});
}

TEST_F(RunDirectoryTest, OverwritingRemovesTheRunAndNothingElse) {
  prepare_run_directory(directory(), false);
  write_bytes(directory() / kResultFile, "{}");
  write_bytes(directory() / "notes.txt", "mine");
  prepare_run_directory(directory(), true);
  EXPECT_FALSE(std::filesystem::exists(directory() / kResultFile));
  EXPECT_EQ(content("notes.txt"), "mine");
}

TEST_F(RunDirectoryTest, AFileInTheWayIsNamed) {
  write_bytes(directory(), "a file");
  expect_parts(error_of(ErrorKind::kRuntime, [&] { prepare_run_directory(directory(), true); }),
               {"cannot create the run directory", directory().string()});
}

}  // namespace
}  // namespace fmnist
