#pragma once

#include <atomic>
#include <cstddef>
#include <thread>
#include <type_traits>
#include <vector>

namespace fmnist {

/// Lets a fixed number of threads wait for each other: spins for some tens of microseconds, then
/// sleeps, so that a busy neighbour on the same core costs little.
class Barrier {
 public:
  explicit Barrier(int threads) : threads_(threads) {}
  void wait();

 private:
  const int threads_;
  alignas(64) std::atomic<int> arrived_{0};
  alignas(64) std::atomic<int> phase_{0};
};

/// The calling thread and `size() - 1` helpers that wait for work. Helpers take no signals.
class ThreadTeam {
 public:
  explicit ThreadTeam(int threads);
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  std::size_t size() const { return helpers_.size() + 1; }

  /// Calls `work(thread)` on every thread (0 is the caller) and waits for all. `work` must not
  /// throw.
  template <class Work>
  void run(Work&& work) {
    context_ = &work;
    call_ = [](void* context, std::size_t thread) {
      (*static_cast<std::remove_reference_t<Work>*>(context))(thread);
    };
    run_call();
  }

  /// To be called inside `work`, by all threads: waits until the others are here too.
  void wait_for_all() { barrier_.wait(); }

 private:
  void run_call();
  void help(std::size_t thread);

  Barrier barrier_;
  void* context_ = nullptr;
  void (*call_)(void*, std::size_t) = nullptr;  // null: the helpers end
  std::vector<std::thread> helpers_;
};

}  // namespace fmnist
