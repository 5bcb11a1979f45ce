#pragma once

#if defined(__SSE__)
#include <xmmintrin.h>
#elif defined(__aarch64__)
#include <cstdint>
#endif

namespace fmnist {

/// While it lives, this thread counts denormal floats as zero. They come up in the gradients of
/// dead units and in momentum that decays, cost a hundred times an ordinary operation on some
/// machines, and are far below what a weight of ordinary size can feel.
class DenormalsAreZero {
 public:
#if defined(__SSE__)
  DenormalsAreZero() : before_(_mm_getcsr()) { _mm_setcsr(before_ | kFlush); }
  ~DenormalsAreZero() { _mm_setcsr(before_); }
#elif defined(__aarch64__)
  DenormalsAreZero() {
    asm volatile("mrs %0, fpcr" : "=r"(before_));
    asm volatile("msr fpcr, %0" : : "r"(before_ | kFlush));
  }
  ~DenormalsAreZero() { asm volatile("msr fpcr, %0" : : "r"(before_)); }
#else
  DenormalsAreZero() {}
#endif
  DenormalsAreZero(const DenormalsAreZero&) = delete;
  DenormalsAreZero& operator=(const DenormalsAreZero&) = delete;

 private:
#if defined(__SSE__)
  static constexpr unsigned int kFlush = 0x8040;  // results to zero, operands as zero
  unsigned int before_;
#elif defined(__aarch64__)
  static constexpr std::uint64_t kFlush = 1 << 24;
  std::uint64_t before_;
#endif
};

}  // namespace fmnist
