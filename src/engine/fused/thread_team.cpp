#include "engine/fused/thread_team.h"

#include <hwy/cache_control.h>

#include <chrono>

#include "fmnist/core/signals_blocked.h"

namespace fmnist {
namespace {

constexpr auto kSpinTime = std::chrono::microseconds(30);
constexpr int kSpinsPerLook = 32;  // at the clock

/// Waits while `value` is `old`: spins for some tens of microseconds, then sleeps.
void wait_while(const std::atomic<std::uint32_t>& value, std::uint32_t old) {
  const auto end = std::chrono::steady_clock::now() + kSpinTime;
  do {
    for (int i = 0; i < kSpinsPerLook; ++i) {
      if (value.load(std::memory_order_acquire) != old) return;
      hwy::Pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

ThreadTeam::ThreadTeam(int threads) {
  const SignalsBlocked blocked;
  for (int thread = 1; thread < threads; ++thread) {
    helpers_.emplace_back([this, thread] { help(static_cast<std::size_t>(thread)); });
  }
}

ThreadTeam::~ThreadTeam() {
  ended_.store(true, std::memory_order_relaxed);
  run_.fetch_add(1, std::memory_order_release);
  run_.notify_all();
  for (auto& helper : helpers_) helper.join();
}

void ThreadTeam::run(std::uint32_t count) {
  count_.store(count, std::memory_order_relaxed);
  unfinished_.store(count, std::memory_order_relaxed);
  const std::uint32_t run = run_.load(std::memory_order_relaxed) + 1;
  stock_.store(std::uint64_t{run} << 32 | count, std::memory_order_release);
  run_.store(run, std::memory_order_release);
  run_.notify_all();
  take_tasks(0);
  for (std::uint32_t left; (left = unfinished_.load(std::memory_order_acquire)) != 0;) {
    wait_while(unfinished_, left);
  }
}

void ThreadTeam::take_tasks(std::size_t thread) {
  std::uint64_t stock = stock_.load(std::memory_order_acquire);
  while (true) {
    const auto untaken = static_cast<std::uint32_t>(stock);
    if (untaken == 0) return;
    // Only if the run is still the same does the exchange succeed, and these are its values.
    const auto call = call_.load(std::memory_order_relaxed);
    void* const context = context_.load(std::memory_order_relaxed);
    const std::uint32_t task = count_.load(std::memory_order_relaxed) - untaken;
    if (!stock_.compare_exchange_weak(stock, stock - 1, std::memory_order_acq_rel,
                                      std::memory_order_acquire)) {
      continue;
    }
    call(context, task, thread);
    if (unfinished_.fetch_sub(1, std::memory_order_acq_rel) == 1) unfinished_.notify_one();
    stock = stock_.load(std::memory_order_acquire);
  }
}

void ThreadTeam::help(std::size_t thread) {
  std::uint32_t run = 0;
  while (true) {
    wait_while(run_, run);
    run = run_.load(std::memory_order_acquire);
    if (ended_.load(std::memory_order_relaxed)) return;
    take_tasks(thread);
  }
}

}  // namespace fmnist
