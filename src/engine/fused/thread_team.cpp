#include "engine/fused/thread_team.h"

#include <hwy/cache_control.h>

#include <chrono>

#include "fmnist/core/signals_blocked.h"

namespace fmnist {
namespace {

constexpr auto kSpinTime = std::chrono::microseconds(30);
constexpr int kSpinsPerLook = 32;  // at the clock

}  // namespace

void Barrier::wait() {
  if (threads_ == 1) return;
  const int phase = phase_.load(std::memory_order_relaxed);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) == threads_ - 1) {
    arrived_.store(0, std::memory_order_relaxed);
    phase_.store(phase + 1, std::memory_order_release);
    phase_.notify_all();
    return;
  }
  const auto end = std::chrono::steady_clock::now() + kSpinTime;
  do {
    for (int i = 0; i < kSpinsPerLook; ++i) {
      if (phase_.load(std::memory_order_acquire) != phase) return;
      hwy::Pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  phase_.wait(phase, std::memory_order_acquire);
}

ThreadTeam::ThreadTeam(int threads) : barrier_(threads) {
  const SignalsBlocked blocked;
  for (int thread = 1; thread < threads; ++thread) {
    helpers_.emplace_back([this, thread] { help(static_cast<std::size_t>(thread)); });
  }
}

ThreadTeam::~ThreadTeam() {
  call_ = nullptr;
  barrier_.wait();
  for (auto& helper : helpers_) helper.join();
}

void ThreadTeam::run_call() {
  barrier_.wait();
  call_(context_, 0);
  barrier_.wait();
}

void ThreadTeam::help(std::size_t thread) {
  while (true) {
    barrier_.wait();
    if (call_ == nullptr) return;
    call_(context_, thread);
    barrier_.wait();
  }
}

}  // namespace fmnist
