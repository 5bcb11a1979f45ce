#include "engine/fused/thread_team.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "engine/fused/denormals.h"

namespace fmnist {
namespace {

TEST(ThreadTeam, EveryTaskIsDoneOnceBeforeTheEnd) {
  for (const int threads : {1, 2, 3, 8}) {
    ThreadTeam team(threads);
    ASSERT_EQ(team.size(), static_cast<std::size_t>(threads));
    for (std::size_t round = 0; round < 2000; ++round) {
      std::vector<int> done(round % 17);
      std::atomic<bool> known = true;
      team.for_each(done.size(), [&](std::size_t task, std::size_t thread) {
        ++done[task];
        if (thread >= team.size()) known = false;
      });
      ASSERT_EQ(done, std::vector<int>(done.size(), 1)) << round;
      ASSERT_TRUE(known);
    }
  }
}

TEST(ThreadTeam, HelpersSleepAndWake) {
  ThreadTeam team(2);
  for (int round = 0; round < 3; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // far beyond the spinning
    // Each task waits for the other: one thread alone would wait for ever.
    std::atomic<int> begun = 0;
    team.for_each(2, [&](std::size_t, std::size_t) {
      ++begun;
      while (begun != 2) std::this_thread::yield();
    });
  }
}

TEST(ThreadTeam, HelpersTakeNoSignals) {
  ThreadTeam team(3);
  std::vector<int> blocked(team.size());
  std::atomic<std::size_t> begun = 0;
  team.for_each(team.size(), [&](std::size_t, std::size_t thread) {
    sigset_t signals;
    pthread_sigmask(SIG_SETMASK, nullptr, &signals);
    blocked[thread] = sigismember(&signals, SIGINT) == 1 && sigismember(&signals, SIGTERM) == 1;
    ++begun;
    while (begun != team.size()) std::this_thread::yield();  // a task for each thread
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
