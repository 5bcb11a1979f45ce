#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <type_traits>
#include <vector>

namespace fmnist {

/// The calling thread and `size() - 1` helpers that take tasks from a common stock. Nobody waits
/// for a helper that has taken none: one that a busy neighbour keeps from its core costs little.
/// Helpers take no signals.
class ThreadTeam {
 public:
  explicit ThreadTeam(int threads);
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  std::size_t size() const { return helpers_.size() + 1; }

  /// Calls `work(task, thread)` once for each task from 0 to `count` - 1, on whatever threads are
  /// free (0 is the caller), and waits for the last to end. `work` must not throw.
  template <class Work>
  void for_each(std::size_t count, Work&& work) {
    call_.store(
        [](void* context, std::size_t task, std::size_t thread) {
          (*static_cast<std::remove_reference_t<Work>*>(context))(task, thread);
        },
        std::memory_order_relaxed);
    context_.store(&work, std::memory_order_relaxed);
    run(static_cast<std::uint32_t>(count));
  }

 private:
  void run(std::uint32_t count);
  void take_tasks(std::size_t thread);
  void help(std::size_t thread);

  // The work under way. Written between runs only, when the stock is empty.
  std::atomic<void (*)(void*, std::size_t, std::size_t)> call_{nullptr};
  std::atomic<void*> context_{nullptr};
  std::atomic<std::uint32_t> count_{0};
  /// The number of the run (high half) and of its tasks that nobody has taken yet (low half).
  alignas(64) std::atomic<std::uint64_t> stock_{0};
  alignas(64) std::atomic<std::uint32_t> unfinished_{0};
  alignas(64) std::atomic<std::uint32_t> run_{0};  // what helpers wait on
  std::atomic<bool> ended_{false};
  std::vector<std::thread> helpers_;
};

}  // namespace fmnist
