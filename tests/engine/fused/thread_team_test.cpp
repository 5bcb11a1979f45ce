#include "engine/fused/thread_team.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <vector>

#include "engine/fused/denormals.h"

namespace fmnist {
namespace {

TEST(ThreadTeam, EveryThreadDoesItsShare) {
  for (const int threads : {1, 2, 3, 8}) {
    ThreadTeam team(threads);
    ASSERT_EQ(team.size(), static_cast<std::size_t>(threads));
    std::vector<int> calls(team.size());
    std::vector<int> seen(team.size());
    for (int round = 1; round <= 200; ++round) {
      team.run([&](std::size_t thread) {
        ++calls[thread];
        team.wait_for_all();
        for (const int count : calls) seen[thread] += count == round;
      });
    }
    for (std::size_t thread = 0; thread < team.size(); ++thread) {
      EXPECT_EQ(calls[thread], 200);
      EXPECT_EQ(seen[thread], 200 * threads);
    }
  }
}

TEST(ThreadTeam, HelpersSleepAndWake) {
  ThreadTeam team(2);
  int calls = 0;
  for (int round = 0; round < 3; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // far beyond the spinning
    team.run([&](std::size_t thread) {
      if (thread == 1) ++calls;
    });
  }
  EXPECT_EQ(calls, 3);
}

TEST(ThreadTeam, HelpersTakeNoSignals) {
  ThreadTeam team(3);
  std::vector<int> blocked(team.size());
  team.run([&](std::size_t thread) {
    sigset_t signals;
    pthread_sigmask(SIG_SETMASK, nullptr, &signals);
    blocked[thread] = sigismember(&signals, SIGINT) == 1 && sigismember(&signals, SIGTERM) == 1;
  });
  EXPECT_EQ(blocked, (std::vector<int>{0, 1, 1}));
}

TEST(DenormalsAreZero, OnlyWhileItLives) {
  const volatile float small = 1e-38f;
  {
    const DenormalsAreZero denormals_are_zero;
    const volatile float smaller = small / 16.0f;
    EXPECT_EQ(smaller, 0.0f);
  }
  const volatile float smaller = small / 16.0f;
  EXPECT_GT(smaller, 0.0f);
}

}  // namespace
}  // namespace fmnist
