// Which gradients are left behind max-pool and ReLU. A pooled unit routes its gradient to one of
// four outputs and ReLU stops a good part of them, so that the backward pass of the convolutions
// goes image by image, with channels as lanes, over those that are not zero.
#if defined(FMNIST_FUSED_SPARSE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FMNIST_FUSED_SPARSE_INL_H_
#undef FMNIST_FUSED_SPARSE_INL_H_
#else
#define FMNIST_FUSED_SPARSE_INL_H_
#endif

#include <cstring>

#include "engine/fused/kernels/simd-inl.h"

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
      const std::uint16_t part =
          kWide ? static_cast<std::uint16_t>(bits[0] | bits[1] << 8) : bits[0];
      nonzero = static_cast<std::uint16_t>(nonzero | part << lane);
    }
    nonzero = static_cast<std::uint16_t>(nonzero & ~off);
    std::memcpy(active + i / 8, &nonzero, sizeof(nonzero));
  }
#endif
}

}  // namespace HWY_NAMESPACE
}  // namespace fmnist
HWY_AFTER_NAMESPACE();

#endif  // toggle
