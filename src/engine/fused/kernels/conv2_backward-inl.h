// Backward pass of conv2.
#if defined(FMNIST_FUSED_CONV2_BACKWARD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FMNIST_FUSED_CONV2_BACKWARD_INL_H_
#undef FMNIST_FUSED_CONV2_BACKWARD_INL_H_
#else
#define FMNIST_FUSED_CONV2_BACKWARD_INL_H_
#endif

#include <bit>
#include <cstring>

#include "engine/fused/kernels/simd-inl.h"
#include "engine/fused/kernels/sparse-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fmnist {
namespace HWY_NAMESPACE {

/// One non-zero gradient of a conv2 output and the weights it meets.
struct Contribution {
  float gradient;
  const float* weights;  // [5][64]: row, packed input pixels and channels
};

/// The contributions to one pooled pixel's 6×6 input window, by the half of the pool window.
struct Contributions {
  std::size_t count[2];
  Contribution entries[2][kConv2Channels];
};

/// Twenty bits from the bit number `first` (a multiple of four).
HWY_INLINE std::uint32_t twenty_bits(const std::uint8_t* bits, std::size_t first) {
  std::uint32_t word;
  std::memcpy(&word, bits + first / 8, sizeof(word));
  return word >> first % 8 & 0xFFFFF;
}

/// Collects the contributions of one pooled pixel and enters them in the list.
HWY_INLINE void collect(const KernelWeights& weights, std::size_t image, std::size_t pixel,
                        const std::uint8_t* active, const std::uint8_t* down, Workspace& work,
                        Contributions& contributions) {
  const std::size_t first = pixel * kConv2Channels;
  const float* const gradients = work.pool2_gradient_rows[image] + first;
  const std::uint8_t* const routes = work.route2_rows[image] + first;
  const std::uint32_t all = twenty_bits(active, first);
  const std::uint32_t lower = twenty_bits(down, first);
  const std::size_t y = 2 * (pixel / kPool2Side);
  const std::size_t x = 2 * (pixel % kPool2Side);
  GradientList& list = work.conv2_gradients;
  for (std::size_t dy = 0; dy < 2; ++dy) {
    const std::size_t row = image * kPool1Pitch + (y + dy) * kPool1Side + x;
    std::size_t count = 0;
    for (std::uint32_t rest = dy == 0 ? all & ~lower : all & lower; rest != 0; rest &= rest - 1) {
      const auto channel = static_cast<std::size_t>(std::countr_zero(rest));
      const std::size_t dx = routes[channel] & kRouteRight;
      const float gradient = gradients[channel];
      contributions.entries[dy][count++] = {gradient, weights.conv2_shifted[channel][dx][0]};
      list.entries[channel][list.count[channel]++] = {gradient,
                                                      static_cast<std::uint32_t>((row + dx) * 16)};
    }
    contributions.count[dy] = count;
  }
}

inline constexpr std::size_t kRowVectors = kPackedLanes / kN;  // of a packed row of six pixels

/// Adds `kRows` rows of weights to the sums of a window from `kFirst` on.
template <std::size_t kFirst, std::size_t kRows, std::size_t kSums>
HWY_INLINE void add_contributions(const Contribution* entries, std::size_t count,
                                  std::size_t weight_row, V (&sums)[kSums][kRowVectors]) {
  const D d;
  HWY_PRAGMA(GCC unroll 1)
  for (std::size_t i = 0; i < count; ++i) {
    const V gradient = hn::Set(d, entries[i].gradient);
    const float* const weights = entries[i].weights + weight_row * kPackedLanes;
    FMNIST_UNROLL for (std::size_t row = 0; row < kRows; ++row) {
      FMNIST_UNROLL for (std::size_t v = 0; v < kRowVectors; ++v) {
        sums[kFirst + row][v] = hn::MulAdd(
            gradient, hn::Load(d, weights + row * kPackedLanes + v * kN), sums[kFirst + row][v]);
      }
    }
  }
}

template <std::size_t kSums>
HWY_INLINE void add_window(const V (&sums)[kSums][kRowVectors], float* HWY_RESTRICT window) {
  const D d;
  FMNIST_UNROLL for (std::size_t row = 0; row < kSums; ++row) {
    FMNIST_UNROLL for (std::size_t v = 0; v < kRowVectors; ++v) {
      float* const to = window + row * kPool1Side * kConv1Channels + v * kN;
      hn::StoreU(hn::Add(hn::LoadU(d, to), sums[row][v]), d, to);
    }
  }
}

template <std::size_t kSums>
HWY_INLINE void clear(V (&sums)[kSums][kRowVectors]) {
  FMNIST_UNROLL for (auto& row : sums) { FMNIST_UNROLL for (V& sum : row) sum = hn::Zero(D()); }
}

/// Adds the contributions to the 6×6 window at `window` of a packed [12][12][10] image.
HWY_INLINE void scatter(const Contributions& contributions, float* HWY_RESTRICT window) {
  const auto& [count, entries] = contributions;
  if constexpr (kWide) {  // the whole window in 24 registers
    V sums[kKernelSide + 1][kRowVectors];
    clear(sums);
    add_contributions<0, kKernelSide>(entries[0], count[0], 0, sums);
    add_contributions<1, kKernelSide>(entries[1], count[1], 0, sums);
    add_window(sums, window);
  } else {
    for (std::size_t row = 0; row <= kKernelSide; ++row) {
      V sums[1][kRowVectors];
      clear(sums);
      if (row < kKernelSide) add_contributions<0, 1>(entries[0], count[0], row, sums);
      if (row > 0) add_contributions<0, 1>(entries[1], count[1], row - 1, sums);
      add_window(sums, window + row * kPool1Side * kConv1Channels);
    }
  }
}

void conv2_backward_input(const KernelWeights& weights, std::size_t image, Workspace& work) {
  std::uint8_t active[kFeatures / 8 + 8];
  std::uint8_t down[kFeatures / 8 + 8];
  find_gradients(work.pool2_gradient_rows[image], work.route2_rows[image], kFeatures, active, down);
  if (image == 0) std::memset(work.conv2_gradients.count, 0, sizeof(work.conv2_gradients.count));
  std::memset(work.pool1_gradient, 0, sizeof(work.pool1_gradient));
  for (std::size_t pixel = 0; pixel < kPool2Pixels; ++pixel) {
    Contributions contributions;
    collect(weights, image, pixel, active, down, work, contributions);
    const std::size_t y = 2 * (pixel / kPool2Side);
    const std::size_t x = 2 * (pixel % kPool2Side);
    scatter(contributions, work.pool1_gradient + (y * kPool1Side + x) * kConv1Channels);
  }
}

/// Adds gradient × window for `kRows` kernel rows of one output channel, and the bias's gradient
/// when these are the first rows.
template <std::size_t kRows>
HWY_INLINE void add_windows(const GradientList::Entry* entries, std::size_t count,
                            const float* HWY_RESTRICT windows, bool replace,
                            float* HWY_RESTRICT weight_rows, float* bias) {
  const D d;
  constexpr std::size_t kSums = kRows * kKernelSide * kParts;
  constexpr std::size_t kRowFloats = kPool1Side * 16;
  V sums[kSums];
  FMNIST_UNROLL for (std::size_t i = 0; i < kSums; ++i) {
    sums[i] = replace ? hn::Zero(d) : hn::Load(d, weight_rows + i * kN);
  }
  V total = hn::Zero(d);
  HWY_PRAGMA(GCC unroll 1)
  for (std::size_t k = 0; k < count; ++k) {
    const V gradient = hn::Set(d, entries[k].gradient);
    const float* const window = windows + entries[k].window;
    FMNIST_UNROLL for (std::size_t i = 0; i < kSums; ++i) {
      constexpr std::size_t kRowSums = kKernelSide * kParts;
      const float* const from = window + i / kRowSums * kRowFloats + i % kRowSums * kN;
      sums[i] = hn::MulAdd(gradient, hn::Load(d, from), sums[i]);
    }
    total = hn::Add(total, gradient);
  }
  FMNIST_UNROLL for (std::size_t i = 0; i < kSums; ++i) {
    hn::Store(sums[i], d, weight_rows + i * kN);
  }
  if (bias != nullptr) *bias = (replace ? 0.0f : *bias) + hn::GetLane(total);
}

void conv2_backward_weights(bool first, Workspace& work, Gradients& gradients) {
  const GradientList& list = work.conv2_gradients;
  constexpr std::size_t kRows = kWide ? kKernelSide : 1;
  for (std::size_t channel = 0; channel < kConv2Channels; ++channel) {
    for (std::size_t ky = 0; ky < kKernelSide; ky += kRows) {
      add_windows<kRows>(list.entries[channel], list.count[channel],
                         work.pool1_rows[0][ky * kPool1Side], first,
                         gradients.conv2_weight[channel][ky * kKernelSide],
                         ky == 0 ? gradients.conv2_bias + channel : nullptr);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace fmnist
HWY_AFTER_NAMESPACE();

#endif  // toggle
