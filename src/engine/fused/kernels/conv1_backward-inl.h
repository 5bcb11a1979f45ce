// Backward pass of conv1, which has no input gradient.
#if defined(FMNIST_FUSED_CONV1_BACKWARD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FMNIST_FUSED_CONV1_BACKWARD_INL_H_
#undef FMNIST_FUSED_CONV1_BACKWARD_INL_H_
#else
#define FMNIST_FUSED_CONV1_BACKWARD_INL_H_
#endif

#include <algorithm>
#include <bit>
#include <cstring>

#include "engine/fused/kernels/simd-inl.h"
#include "engine/fused/kernels/sparse-inl.h"
#include "engine/fused/kernels/transpose-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fmnist {
namespace HWY_NAMESPACE {

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
      0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,  2,  2,  2,  2,  2,  2,  2,  2,  2,
      4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 6,  6,  6,  6,  6,  6,  6,  6,  6,  6,
      8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10};
  for (std::size_t h = 0; h < kPackedHalfRows; ++h) {
    FMNIST_UNROLL for (std::size_t v = 0; v < 4; ++v) {
      const std::size_t lane = v * 16;
      const auto route =
          hn::PromoteTo(di, hn::LoadU(DB(), work.route1_rows[image] + h * kPackedLanes + lane));
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
  FMNIST_UNROLL for (std::size_t i = 0; i < 4 * kKernelSide; ++i) {
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
  FMNIST_UNROLL for (std::size_t i = 0; i < 4 * kKernelSide; ++i) {
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
    std::fill_n(gradients.conv1_bias, kPackedLanes, 0.0f);
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
      weight[tap][c] =
          weights[c * kKernelSide * kTapPitch + tap / kKernelSide * kTapPitch + tap % kKernelSide];
    }
    bias[c] = biases[c];
  }
}
#endif

}  // namespace HWY_NAMESPACE
}  // namespace fmnist
HWY_AFTER_NAMESPACE();

#endif  // toggle
