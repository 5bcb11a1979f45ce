// Vector types and small steps that all kernels share. Compiled once per instruction set.
#if defined(FMNIST_FUSED_SIMD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FMNIST_FUSED_SIMD_INL_H_
#undef FMNIST_FUSED_SIMD_INL_H_
#else
#define FMNIST_FUSED_SIMD_INL_H_
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>

#include "engine/fused/layout.h"

HWY_BEFORE_NAMESPACE();
namespace fmnist {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<float, kGroup>;
using V = hn::Vec<D>;
using DI = hn::RebindToSigned<D>;
using DU = hn::RebindToUnsigned<D>;
using DB = hn::Rebind<std::uint8_t, D>;

/// Lanes of a vector, and how many vectors make sixteen lanes.
inline constexpr std::size_t kN = hn::MaxLanes(D());
inline constexpr std::size_t kParts = kGroup / kN;

/// Whether there are 32 registers of sixteen lanes.
inline constexpr bool kWide = kN == 16;

// Loops over arrays of accumulators must vanish, or the accumulators live in memory. Not with
// sanitizers, whose checks in unrolled loops take minutes to compile.
#undef FMNIST_UNROLL
#if HWY_TARGET == HWY_SCALAR || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FMNIST_UNROLL
#else
#define FMNIST_UNROLL HWY_PRAGMA(GCC unroll 64)
#endif

/// ReLU that keeps NaN.
HWY_INLINE V relu(V value) { return hn::IfThenZeroElse(hn::Lt(value, hn::Zero(D())), value); }

/// Adds the vectors of `add` to `to`, or replaces it. `count` floats.
HWY_INLINE void accumulate(const float* HWY_RESTRICT add, std::size_t count, bool replace,
                           float* HWY_RESTRICT to) {
  const D d;
  for (std::size_t i = 0; i < count; i += kN) {
    const V sum =
        replace ? hn::Load(d, add + i) : hn::Add(hn::Load(d, to + i), hn::Load(d, add + i));
    hn::Store(sum, d, to + i);
  }
}

/// Pools 2×2 windows of convolution outputs without bias and stores pooled value and route.
HWY_INLINE void store_pooled(V top_left, V top_right, V bottom_left, V bottom_right, V bias,
                             float* HWY_RESTRICT pooled, std::uint8_t* HWY_RESTRICT route) {
  const D d;
  const DU du;
  // The first of equals wins, as in PyTorch.
  const auto top_is_right = hn::Gt(top_right, top_left);
  const auto bottom_is_right = hn::Gt(bottom_right, bottom_left);
  const V top = hn::IfThenElse(top_is_right, top_right, top_left);
  const V bottom = hn::IfThenElse(bottom_is_right, bottom_right, bottom_left);
  const auto down = hn::Gt(bottom, top);
  const V value = hn::Add(hn::IfThenElse(down, bottom, top), bias);
  hn::Store(relu(value), d, pooled);

  const auto right = hn::Set(du, kRouteRight);
  const auto top_code = hn::IfThenElseZero(hn::RebindMask(du, top_is_right), right);
  const auto bottom_code = hn::Or(hn::IfThenElseZero(hn::RebindMask(du, bottom_is_right), right),
                                  hn::Set(du, kRouteDown));
  const auto code = hn::IfThenElse(hn::RebindMask(du, down), bottom_code, top_code);
  const auto active = hn::RebindMask(du, hn::Gt(value, hn::Zero(d)));
  const auto marked = hn::IfThenElse(active, code, hn::Or(code, hn::Set(du, kRouteInactive)));
  hn::StoreU(hn::U8FromU32(marked), DB(), route);
}

}  // namespace HWY_NAMESPACE
}  // namespace fmnist
HWY_AFTER_NAMESPACE();

#endif  // toggle
