#include <gtest/gtest.h>

#include <cstdlib>

#include "cli/program.h"

namespace fmnist {
namespace {

class RealEpochTest : public ProgramTest {
 protected:
  /// An epoch on the published data set, where `scripts/setup` puts it or `FMNIST_DATA_DIR` says.
  nlohmann::json result() const {
    Call epoch = call({"--epochs", "1", "--seed", "0", "--threads", "1", "--json", "--no-output"});
    if (const char* data = std::getenv("FMNIST_DATA_DIR"))
      epoch.environment["FMNIST_DATA_DIR"] = std::filesystem::absolute(data);
    epoch.time_limit = std::chrono::minutes(10);
    const Outcome outcome = run_program(epoch);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(event_of(outcome.out, "start")["data"]["verified"], true);
    EXPECT_EQ(event_of(outcome.out, "epoch")["step"], 938);
    return event_of(outcome.out, "result");
  }
};

TEST_F(RealEpochTest, ReachesSeventyToEightyPercentTwiceWithTheSameWeights) {
  const auto first = result();
  EXPECT_GE(first["final"]["accuracy"].get<double>(), 0.70);
  EXPECT_LE(first["final"]["accuracy"].get<double>(), 0.80);
  EXPECT_EQ(result()["weights_sha256"], first["weights_sha256"]);
}

}  // namespace
}  // namespace fmnist
