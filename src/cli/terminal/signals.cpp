#include "cli/terminal/signals.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>

#include "cli/terminal/terminal.h"

namespace fmnist {
namespace {

constexpr int kSignalled = 128;

std::atomic<int> stop{0};
std::atomic<bool> checkpoint{false};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler stores it");

void ask_to_stop(int signal) {
  int none = 0;
  if (stop.compare_exchange_strong(none, signal)) return;
  erase_bar();
  _exit(kSignalled + signal);
}

void ask_for_checkpoint(int) { checkpoint.store(true, std::memory_order_relaxed); }

void handle(int signal, void (*handler)(int)) {
  struct sigaction before {};
  sigaction(signal, nullptr, &before);
  if (before.sa_handler == SIG_IGN) return;  // a shell's background job, say
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, nullptr);
}

}  // namespace

void install_signal_handlers() {
  handle(SIGINT, ask_to_stop);
  handle(SIGTERM, ask_to_stop);
  handle(SIGUSR1, ask_for_checkpoint);
}

int stop_signal() { return stop.load(std::memory_order_relaxed); }

std::string stop_signal_name() { return stop_signal() == SIGINT ? "SIGINT" : "SIGTERM"; }

int stopped_status() { return kSignalled + stop_signal(); }

bool take_checkpoint_request() { return checkpoint.exchange(false, std::memory_order_relaxed); }

}  // namespace fmnist
