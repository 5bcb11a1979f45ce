#include "fmnist/sweep/side_by_side.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <stdexcept>
#include <vector>

namespace fmnist {
namespace {

TEST(SideBySideTest, EachIsDoneOnce) {
  for (const int jobs : {1, 2, 3, 20}) {
    std::vector<std::atomic<int>> calls(10);
    EXPECT_TRUE(run_side_by_side(10, jobs, [&](std::size_t i) {
      ++calls[i];
      return true;
    }));
    for (const auto& count : calls) EXPECT_EQ(count, 1) << jobs;
  }
  EXPECT_TRUE(run_side_by_side(0, 2, [](std::size_t) { return false; }));
}

TEST(SideBySideTest, AsManyAsAskedForRunAtATime) {
  std::latch all_here(3);
  EXPECT_TRUE(run_side_by_side(3, 3, [&](std::size_t) {
    all_here.arrive_and_wait();  // for ever, were they fewer
    return true;
  }));
}

TEST(SideBySideTest, NoneBeginsAfterOneStopped) {
  std::vector<std::size_t> done;
  EXPECT_FALSE(run_side_by_side(10, 1, [&](std::size_t i) {
    done.push_back(i);
    return i < 2;
  }));
  EXPECT_EQ(done, (std::vector<std::size_t>{0, 1, 2}));
}

TEST(SideBySideTest, AnExceptionEndsItAndIsThrownAgain) {
  std::atomic<int> calls = 0;
  EXPECT_THROW(run_side_by_side(10, 1,
                                [&](std::size_t i) {
                                  ++calls;
                                  if (i == 3) throw std::runtime_error("3");
                                  return true;
                                }),
               std::runtime_error);
  EXPECT_EQ(calls, 4);
}

}  // namespace
}  // namespace fmnist
