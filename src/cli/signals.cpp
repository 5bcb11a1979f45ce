#include "cli/signals.h"

#include <signal.h>

#include <atomic>

namespace fmnist {
namespace {

std::atomic<int> stop{0};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler stores it");

void ask_to_stop(int signal) { stop.store(signal, std::memory_order_relaxed); }

}  // namespace

void install_signal_handlers() {
  for (const int signal : {SIGINT, SIGTERM}) {
    struct sigaction action {};
    action.sa_handler = ask_to_stop;
    // After the first the default action is back: a second one ends the program at once.
    action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(signal, &action, nullptr);
  }
  ::signal(SIGPIPE, SIG_IGN);
}

int stop_signal() { return stop.load(std::memory_order_relaxed); }

}  // namespace fmnist
