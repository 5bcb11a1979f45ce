#pragma once

// What Highway compiles the kernels for: AVX-512, AVX2 and the baseline. The sets between them
// would cost compile time and serve almost no machine. To be included before any Highway header.
#define HWY_DISABLED_TARGETS \
  (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
