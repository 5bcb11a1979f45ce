#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "fmnist/core/files.h"
#include "fmnist/sweep/journal.h"
#include "fmnist/sweep/sweep_json.h"
#include "support/errors.h"
#include "support/temporary_directory.h"
#include "sweep/sample_sweep.h"

namespace fmnist {
namespace {

class SavedSweepTest : public ::testing::Test {
 protected:
  /// What a sweep that ended as `sweep` writes.
  static nlohmann::ordered_json document_of(const SavedSweep& sweep) {
    auto document = sweep_document(sweep.plan, sweep.provenance);
    document.update(sweep_result_event(sweep.plan, sweep.ranking, sweep.finals, sweep.retrain));
    return document;
  }
  void write(const std::string& text) const {
    write_file_atomically(directory() / kSweepFile, text);
  }
  std::string error() const {
    return error_of(ErrorKind::kCheckpoint, [&] { load_sweep(directory()); });
  }
  const std::filesystem::path& directory() const { return directory_.path(); }

 private:
  TemporaryDirectory directory_;
};

TEST_F(SavedSweepTest, WhatWasWrittenComesBack) {
  SavedSweep sweep =
      sample_sweep(sample_plan({"nesterov=true,false", "lr=0.001..0.1:log:3", "momentum=0.5,0.9"}),
                   [](TrialRecord& record) {
                     if (record.trial.setting != 1 || record.trial.seed != 1) return;
                     record.status = TrialStatus::kDiverged;
                     record.figures.reset();
                     record.message = "in epoch 2";
                   });
  for (std::size_t k = 0; k < 3; ++k) {
    TrialRecord record;
    record.trial = {.stage = Stage::kFinal,
                    .setting = sweep.ranking.front().setting,
                    .seed = sweep.plan.seeds[k],
                    .until = 2};
    record.figures = Metrics{0.25, 0.75 + 0.01 * static_cast<double>(k)};
    sweep.finals.push_back(record);
  }
  write(document_of(sweep).dump(2));
  const SavedSweep read = load_sweep(directory());
  EXPECT_EQ(read.directory, directory());
  EXPECT_EQ(read.plan.settings, sweep.plan.settings);
  EXPECT_EQ(read.plan.dimensions[1].text, "0.001..0.1:log:3");
  EXPECT_EQ(read.ranking.back().trials[1].message, "in epoch 2");
  // All that the file says, said again.
  EXPECT_EQ(document_of(read), document_of(sweep));
}

TEST_F(SavedSweepTest, ASweepThatHasNotEndedIsSaidToBeOne) {
  EXPECT_FALSE(holds_sweep(directory()));
  write(sweep_document(sample_plan({"lr=0.1"}), {}).dump());
  EXPECT_TRUE(holds_sweep(directory()));
  expect_parts(error(), {"has not ended"});
}

TEST_F(SavedSweepTest, WhatIsNoSweepIsRefused) {
  expect_parts(error(), {"sweep.json"});
  const auto whole = document_of(sample_sweep(sample_plan({"lr=0.1,0.2"}, 2)));
  const std::string text = whole.dump();
  for (std::size_t length = 0; length < text.size(); length += 7) {
    write(text.substr(0, length));
    expect_parts(error(), {"does not hold a sweep's result"});
  }
  for (const auto& [key, ignored] : whole.items()) {
    if (key == "schema" || key == "event" || key == "trials" || key == "winner") continue;
    if (key == "typed") continue;  // for programs that run the trials themselves
    auto without = whole;
    without.erase(key);
    write(without.dump());
    if (key == "status") continue;  // not needed: the ranking is there
    expect_parts(error(), {"does not hold a sweep's result"});
  }
  auto other = whole;
  other["ranking"][0]["trials"].erase(0);
  write(other.dump());
  expect_parts(error(), {"does not hold a sweep's result"});
  other = whole;
  for (const int setting : {7, 1}) {  // one that is not there, one that is there twice
    other["ranking"][0]["setting"] = setting;
    write(other.dump());
    expect_parts(error(), {"does not hold a sweep's result"});
  }
}

}  // namespace
}  // namespace fmnist
