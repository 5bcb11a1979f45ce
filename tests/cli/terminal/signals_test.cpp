#include "cli/terminal/signals.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>

namespace fmnist {
namespace {

// Each in a process of its own: handlers and what they were told stay.

TEST(SignalsDeathTest, TheFirstAsksToStop) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const auto first = [&] {
      install_signal_handlers();
      const int before = stop_signal();
      std::raise(signal);
      std::_Exit(before == 0 && stop_signal() == signal ? 7 : 8);
    };
    EXPECT_EXIT(first(), testing::ExitedWithCode(7), "");
  }
}

TEST(SignalsDeathTest, TheSecondEndsTheProgramAtOnce) {
  const auto second = [](int one, int other) {
    install_signal_handlers();
    std::raise(one);
    std::raise(other);
    std::_Exit(8);
  };
  EXPECT_EXIT(second(SIGINT, SIGINT), testing::ExitedWithCode(130), "");
  EXPECT_EXIT(second(SIGINT, SIGTERM), testing::ExitedWithCode(143), "");
}

TEST(SignalsDeathTest, ARequestForACheckpointIsTakenOnce) {
  const auto ask = [] {
    install_signal_handlers();
    std::raise(SIGUSR1);
    const bool first = take_checkpoint_request();
    std::_Exit(first && !take_checkpoint_request() && stop_signal() == 0 ? 7 : 8);
  };
  EXPECT_EXIT(ask(), testing::ExitedWithCode(7), "");
}

}  // namespace
}  // namespace fmnist
