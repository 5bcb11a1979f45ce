#include "fmnist/sweep/side_by_side.h"

#include <algorithm>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "fmnist/core/signals_blocked.h"

namespace fmnist {

bool run_side_by_side(std::size_t count, int jobs, const std::function<bool(std::size_t)>& work) {
  std::mutex mutex;
  std::size_t next = 0;
  bool going_on = true;
  std::exception_ptr failure;

  const auto take_next = [&](std::size_t& index) {
    const std::lock_guard lock(mutex);
    index = next;
    if (!going_on || next == count) return false;
    ++next;
    return true;
  };
  const auto worker = [&] {
    for (std::size_t index = 0; take_next(index);) {
      std::exception_ptr thrown;
      bool done = false;
      try {
        done = work(index);
      } catch (...) {
        thrown = std::current_exception();
      }
      const std::lock_guard lock(mutex);
      going_on = going_on && done;
      if (!failure) failure = thrown;
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
