// Backward pass of the convolutions, image by image. A pooled unit routes its gradient to one of four
// outputs and ReLU stops a good part of them, so that only what is not zero does work; lanes are
// channels.
#if defined(FMNIST_FUSED_CONV_BACKWARD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FMNIST_FUSED_CONV_BACKWARD_INL_H_
#undef FMNIST_FUSED_CONV_BACKWARD_INL_H_
#else
#define FMNIST_FUSED_CONV_BACKWARD_INL_H_
#endif

#include <algorithm>
#include <bit>
#include <cstring>

#include "engine/fused/kernels/simd-inl.h"
#include "engine/fused/kernels/turn-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fmnist {
namespace HWY_NAMESPACE {

/// One bit per value (a multiple of sixteen) that is not zero and whose route lets it through, and
/// one per route that goes down. Both arrays need eight bytes more than they use.
HWY_INLINE void find_gradients(const float* HWY_RESTRICT gradients,
                               const std::uint8_t* HWY_RESTRICT routes, std::size_t count,
                               std::uint8_t* HWY_RESTRICT active, std::uint8_t* HWY_RESTRICT down) {
#if HWY_TARGET == HWY_SCALAR
  std::memset(active, 0, count / 8);
  std::memset(down, 0, count / 8);
  for (std::size_t i = 0; i < count; ++i) {
    const bool is_active = gradients[i] != 0.0f && (routes[i] & kRouteInactive) == 0;
    active[i / 8] = static_cast<std::uint8_t>(active[i / 8] | is_active << i % 8);
    down[i / 8] = static_cast<std::uint8_t>(down[i / 8] | (routes[i] / kRouteDown & 1) << i % 8);
  }
#else
  const D d;
  const hn::Full128<std::uint8_t> d8;
  for (std::size_t i = 0; i < count; i += 16) {
    const auto route = hn::LoadU(d8, routes + i);
    std::uint8_t bits[16];
    const auto is_down = hn::TestBit(route, hn::Set(d8, kRouteDown));
    hn::StoreMaskBits(d8, is_down, down + i / 8);
    const auto is_off = hn::TestBit(route, hn::Set(d8, kRouteInactive));
    hn::StoreMaskBits(d8, is_off, bits);
    std::uint16_t off = 0;
    std::memcpy(&off, bits, sizeof(off));
    std::uint16_t nonzero = 0;
    for (std::size_t lane = 0; lane < 16; lane += kN) {
      const auto values = hn::LoadU(d, gradients + i + lane);
      hn::StoreMaskBits(d, hn::Ne(values, hn::Zero(d)), bits);
      const std::uint16_t part = kWide ? static_cast<std::uint16_t>(bits[0] | bits[1] << 8) : bits[0];
      nonzero = static_cast<std::uint16_t>(nonzero | part << lane);
    }
    nonzero = static_cast<std::uint16_t>(nonzero & ~off);
    std::memcpy(active + i / 8, &nonzero, sizeof(nonzero));
  }
#endif
}

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
    const std::size_t row = image * kPool1Pixels + (y + dy) * kPool1Side + x;
    std::size_t count = 0;
    for (std::uint32_t rest = dy == 0 ? all & ~lower : all & lower; rest != 0; rest &= rest - 1) {
      const auto channel = static_cast<std::size_t>(std::countr_zero(rest));
      const std::size_t dx = routes[channel] & kRouteRight;
      const float gradient = gradients[channel];
      contributions.entries[dy][count++] = {gradient, weights.conv2_shifted[channel][dx][0]};
      list.entries[channel][list.count[channel]++] = {
          gradient, static_cast<std::uint32_t>((row + dx) * 16)};
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
  FMNIST_UNROLL for (auto& row : sums) {
    FMNIST_UNROLL for (V& sum : row) sum = hn::Zero(D());
  }
}

/// Adds the contributions to the 6×6 window at `window` of a packed [12][12][10] image.
HWY_INLINE void scatter(const Contributions& contributions, float* HWY_RESTRICT window) {
  const auto& [count, entries] = contributions;
  if constexpr (kWide) {  // the whole window in 24 registers
    V sums[6][kRowVectors];
    clear(sums);
    add_contributions<0, 5>(entries[0], count[0], 0, sums);
    add_contributions<1, 5>(entries[1], count[1], 0, sums);
    add_window(sums, window);
  } else {
    for (std::size_t row = 0; row < 6; ++row) {
      V sums[1][kRowVectors];
      clear(sums);
      if (row < 5) add_contributions<0, 1>(entries[0], count[0], row, sums);
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

#if HWY_TARGET == HWY_AVX3
// Conv1 with 32 registers: the lanes of a packed half row (six pooled pixels × ten channels) each
// pick their pixel from two image rows by a permutation, so that no list is needed.

/// What conv1's backward pass needs of a packed half row.
struct HalfRow {
  V gradients[4];
  hn::Vec<DI> picks[4];  // index into two rows of sixteen pixels
};

HWY_INLINE void load_half_rows(const Workspace& work, std::size_t image, HalfRow* half_rows,
                               V (&bias)[4]) {
  const D d;
  const DI di;
  HWY_ALIGN static constexpr std::int32_t kColumn[kPackedLanes] = {
      0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 2, 2, 2, 2, 2,  2,  2,  2,  4,  4,
      4, 4, 4, 4, 4, 4, 4, 4, 6, 6, 6, 6, 6, 6, 6, 6, 6,  6,  8,  8,  8,  8,
      8, 8, 8, 8, 8, 8, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10};
  for (std::size_t h = 0; h < kPackedHalfRows; ++h) {
    FMNIST_UNROLL for (std::size_t v = 0; v < 4; ++v) {
      const std::size_t lane = v * 16;
      const auto route = hn::PromoteTo(
          di, hn::LoadU(DB(), work.route1_rows[image] + h * kPackedLanes + lane));
      const auto off = hn::TestBit(route, hn::Set(di, kRouteInactive));
      const V gradient =
          hn::LoadU(d, work.pool1_gradient + h * kPackedPixels * kConv1Channels + lane);
      half_rows[h].gradients[v] = hn::IfThenZeroElse(hn::RebindMask(d, off), gradient);
      half_rows[h].picks[v] = hn::Add(route, hn::Load(di, kColumn + lane));
      bias[v] = hn::Add(bias[v], half_rows[h].gradients[v]);
    }
  }
}

/// One kernel row of conv1's weight gradients, [5][64] at `to`.
HWY_INLINE void conv1_row(const HalfRow* half_rows, const float (*image)[kImagePitch], bool replace,
                          float* HWY_RESTRICT to) {
  const D d;
  V sums[kKernelSide][4];
  FMNIST_UNROLL for (std::size_t i = 0; i < 20; ++i) {
    sums[i / 4][i % 4] = replace ? hn::Zero(d) : hn::Load(d, to + i * 16);
  }
  HWY_PRAGMA(GCC unroll 1)
  for (std::size_t h = 0; h < kPackedHalfRows; ++h) {
    const float* const pixels = image[h / 2 * 2] + h % 2 * 2 * kPackedPixels;
    FMNIST_UNROLL for (std::size_t kx = 0; kx < kKernelSide; ++kx) {
      const V upper = hn::LoadU(d, pixels + kx);
      const V lower = hn::LoadU(d, pixels + kImagePitch + kx);
      FMNIST_UNROLL for (std::size_t v = 0; v < 4; ++v) {
        const V picked{_mm512_permutex2var_ps(upper.raw, half_rows[h].picks[v].raw, lower.raw)};
        sums[kx][v] = hn::MulAdd(half_rows[h].gradients[v], picked, sums[kx][v]);
      }
    }
  }
  FMNIST_UNROLL for (std::size_t i = 0; i < 20; ++i) {
    hn::Store(sums[i / 4][i % 4], d, to + i * 16);
  }
}

void conv1_backward(const std::uint8_t* pixels, std::size_t image, bool first, Workspace& work,
                    Gradients& gradients) {
  load_image(pixels, work.image);
  const bool replace = first && image == 0;
  HalfRow half_rows[kPackedHalfRows];
  V bias[4];
  FMNIST_UNROLL for (std::size_t v = 0; v < 4; ++v) {
    bias[v] = replace ? hn::Zero(D()) : hn::Load(D(), gradients.conv1_bias + v * 16);
  }
  load_half_rows(work, image, half_rows, bias);
  FMNIST_UNROLL for (std::size_t v = 0; v < 4; ++v) {
    hn::Store(bias[v], D(), gradients.conv1_bias + v * 16);
  }
  for (std::size_t ky = 0; ky < kKernelSide; ++ky) {
    conv1_row(half_rows, work.image + ky, replace,
              gradients.conv1_weight + ky * kKernelSide * kPackedLanes);
  }
}

/// Sums of the lanes of each output channel: `lanes` [64] → `sums` [16].
HWY_INLINE void fold_conv1(const float* HWY_RESTRICT lanes, float* HWY_RESTRICT sums) {
  for (std::size_t c = 0; c < kConv1Channels; ++c) {
    float sum = lanes[c];
    for (std::size_t p = 1; p < kPackedPixels; ++p) sum += lanes[p * kConv1Channels + c];
    sums[c] = sum;
  }
}

/// Conv1's gradients as `conv1_backward` left them → [25][16] and [16].
HWY_INLINE void unpack_conv1(const float* HWY_RESTRICT weights, const float* HWY_RESTRICT biases,
                             float (*weight)[16], float* HWY_RESTRICT bias) {
  for (std::size_t tap = 0; tap < kTaps; ++tap) {
    fold_conv1(weights + tap * kPackedLanes, weight[tap]);
  }
  fold_conv1(biases, bias);
}
#else
// Conv1 elsewhere: one non-zero gradient at a time times five rows of eight pixels.

inline constexpr std::size_t kTapPitch = 8;  // a kernel row with three lanes of nothing

void conv1_backward(const std::uint8_t* pixels, std::size_t image, bool first, Workspace& work,
                    Gradients& gradients) {
  const hn::CappedTag<float, kTapPitch> d;
  constexpr std::size_t kLanes = hn::MaxLanes(d);
  constexpr std::size_t kChannelPitch = kKernelSide * kTapPitch;
  load_image(pixels, work.image);
  if (first && image == 0) {
    std::fill_n(gradients.conv1_weight, kConv1Channels * kChannelPitch, 0.0f);
    std::memset(gradients.conv1_bias, 0, sizeof(gradients.conv1_bias));
  }
  for (std::size_t h = 0; h < kPackedHalfRows; ++h) {
    const float* const values = work.pool1_gradient + h * kPackedPixels * kConv1Channels;
    const std::uint8_t* const routes = work.route1_rows[image] + h * kPackedLanes;
    std::uint8_t active[kPackedLanes / 8 + 8];
    std::uint8_t down[kPackedLanes / 8 + 8];
    find_gradients(values, routes, kPackedLanes, active, down);
    std::uint64_t rest;
    std::memcpy(&rest, active, sizeof(rest));
    for (; rest != 0; rest &= rest - 1) {
      const auto lane = static_cast<std::size_t>(std::countr_zero(rest));
      const std::size_t channel = lane % kConv1Channels;
      const std::size_t y = h / 2 * 2 + (routes[lane] / kRouteDown & 1);
      const std::size_t x =
          2 * (h % 2 * kPackedPixels + lane / kConv1Channels) + (routes[lane] & kRouteRight);
      const auto gradient = hn::Set(d, values[lane]);
      float* const sums = gradients.conv1_weight + channel * kChannelPitch;
      FMNIST_UNROLL for (std::size_t ky = 0; ky < kKernelSide; ++ky) {
        FMNIST_UNROLL for (std::size_t kx = 0; kx < kTapPitch; kx += kLanes) {
          float* const sum = sums + ky * kTapPitch + kx;
          const auto row = hn::LoadU(d, work.image[y + ky] + x + kx);
          hn::Store(hn::MulAdd(gradient, row, hn::Load(d, sum)), d, sum);
        }
      }
      gradients.conv1_bias[channel] += values[lane];
    }
  }
}

/// Conv1's gradients as `conv1_backward` left them → [25][16] and [16].
HWY_INLINE void unpack_conv1(const float* HWY_RESTRICT weights, const float* HWY_RESTRICT biases,
                             float (*weight)[16], float* HWY_RESTRICT bias) {
  for (std::size_t c = 0; c < kConv1Channels; ++c) {
    for (std::size_t tap = 0; tap < kTaps; ++tap) {
      weight[tap][c] = weights[c * kKernelSide * kTapPitch + tap / kKernelSide * kTapPitch +
                               tap % kKernelSide];
    }
    bias[c] = biases[c];
  }
}
#endif

}  // namespace HWY_NAMESPACE
}  // namespace fmnist
HWY_AFTER_NAMESPACE();

#endif  // toggle
