#pragma once

#include <csetjmp>

namespace fmnist {

/// The way back from an error within libjpeg or libpng: their error functions must not return, and
/// these libraries of C know no exceptions. The only `setjmp` of this program.
class Jump {
 public:
  /// Runs `calls`; false when one of them ended in `back`. A jump runs no destructor: `calls` holds
  /// nothing but plain values, and what owns memory stands with its caller.
  template <class Calls>
  [[gnu::noinline]] bool attempt(const Calls& calls) {
    if (setjmp(place_) != 0) return false;
    calls();
    return true;
  }

  /// Ends the `attempt` under way, from any depth below it.
  [[noreturn]] void back() { std::longjmp(place_, 1); }

 private:
  std::jmp_buf place_{};
};

}  // namespace fmnist
