#include "fmnist/sweep/side_by_side.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "fmnist/core/signals_blocked.h"

namespace fmnist {

bool run_side_by_side(std::size_t count, int jobs, const std::function<bool(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> going_on = true;
  std::mutex mutex;  // of `failure`
  std::exception_ptr failure;

  const auto worker = [&] {
    for (std::size_t i = 0; going_on && (i = next++) < count;) {
      try {
        if (!work(i)) going_on = false;
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
        going_on = false;
      }
    }
  };

  std::vector<std::thread> workers;
  {
    const SignalsBlocked blocked;
    const std::size_t most = std::min(static_cast<std::size_t>(jobs), count);
    for (std::size_t i = 0; i < most; ++i) workers.emplace_back(worker);
  }
  for (std::thread& thread : workers) thread.join();
  if (failure) std::rethrow_exception(failure);
  return going_on;
}

}  // namespace fmnist
