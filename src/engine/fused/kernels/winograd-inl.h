// Winograd's minimal filtering F(4, 5) (Lavin and Gray, "Fast algorithms for convolutional neural
// networks", CVPR 2016): four outputs of a five-tap filter from eight products, at the points 0, 1,
// -1, 2, -2, 1/2, -1/2 and infinity. Its rounding error is five to seven times that of direct sums.
#if defined(FMNIST_FUSED_WINOGRAD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FMNIST_FUSED_WINOGRAD_INL_H_
#undef FMNIST_FUSED_WINOGRAD_INL_H_
#else
#define FMNIST_FUSED_WINOGRAD_INL_H_
#endif

#include "engine/fused/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fmnist {
namespace HWY_NAMESPACE {

/// Number `point` of the eight that eight inputs are transformed to.
template <std::size_t point>
HWY_INLINE V winograd_input(const V (&in)[kWinogradPoints]) {
  const D d;
  constexpr bool kMinus = point % 2 == 0;  // the second of a pair ±p
  const auto pair = [](V even, V odd)
                        HWY_ATTR { return kMinus ? hn::Sub(even, odd) : hn::Add(even, odd); };
  const auto times = [&](float factor, V value, V sum)
                         HWY_ATTR { return hn::MulAdd(hn::Set(d, factor), value, sum); };
  if constexpr (point == 0) {
    return times(5.25f, hn::Sub(in[4], in[2]), hn::Sub(in[0], in[6]));
  } else if constexpr (point == 7) {
    return times(5.25f, hn::Sub(in[3], in[5]), hn::Sub(in[7], in[1]));
  } else if constexpr (point == 1 || point == 2) {
    return pair(times(-4.25f, in[4], hn::Add(in[2], in[6])),
                times(-4.25f, in[3], hn::Add(in[1], in[5])));
  } else if constexpr (point == 3 || point == 4) {
    const V odd = hn::Mul(hn::Set(d, 0.5f), in[1]);
    return pair(times(-1.25f, in[4], times(0.25f, in[2], in[6])),
                times(-2.5f, in[3], times(2.0f, in[5], odd)));
  } else {
    const V odd = hn::Mul(hn::Set(d, 0.5f), in[5]);
    return pair(times(-5.0f, in[4], times(4.0f, in[2], in[6])),
                times(-2.5f, in[3], times(2.0f, in[1], odd)));
  }
}

/// All eight points.
HWY_INLINE void winograd_inputs(const V (&in)[kWinogradPoints], V (&out)[kWinogradPoints]) {
  out[0] = winograd_input<0>(in);
  out[1] = winograd_input<1>(in);
  out[2] = winograd_input<2>(in);
  out[3] = winograd_input<3>(in);
  out[4] = winograd_input<4>(in);
  out[5] = winograd_input<5>(in);
  out[6] = winograd_input<6>(in);
  out[7] = winograd_input<7>(in);
}

/// Five filter taps → the eight points.
HWY_INLINE void winograd_weights(const V (&in)[kKernelSide], V (&out)[kWinogradPoints]) {
  const D d;
  const auto times = [&](float factor, V value, V sum)
                         HWY_ATTR { return hn::MulAdd(hn::Set(d, factor), value, sum); };
  const auto pair = [&](float factor, V even, V odd, V* to) HWY_ATTR {
    to[0] = hn::Mul(hn::Set(d, factor), hn::Add(even, odd));
    to[1] = hn::Mul(hn::Set(d, factor), hn::Sub(even, odd));
  };
  out[0] = in[0];
  pair(-2.0f / 9.0f, hn::Add(hn::Add(in[0], in[2]), in[4]), hn::Add(in[1], in[3]), out + 1);
  pair(1.0f / 90.0f, times(4.0f, times(4.0f, in[4], in[2]), in[0]),
       times(8.0f, in[3], hn::Add(in[1], in[1])), out + 3);
  pair(4.0f / 45.0f, times(0.25f, times(0.25f, in[4], in[2]), in[0]),
       times(0.125f, in[3], hn::Mul(hn::Set(d, 0.5f), in[1])), out + 5);
  out[7] = in[4];
}

/// Eight products → four outputs.
HWY_INLINE void winograd_outputs(const V (&in)[kWinogradPoints], V (&out)[kWinogradOutputs]) {
  const D d;
  const auto times = [&](float factor, V value, V sum)
                         HWY_ATTR { return hn::MulAdd(hn::Set(d, factor), value, sum); };
  const V sum1 = hn::Add(in[1], in[2]);
  const V difference1 = hn::Sub(in[1], in[2]);
  const V sum2 = hn::Add(in[3], in[4]);
  const V difference2 = hn::Sub(in[3], in[4]);
  const V sum_half = hn::Add(in[5], in[6]);
  const V difference_half = hn::Sub(in[5], in[6]);
  out[0] = times(8.0f, sum_half, hn::Add(hn::Add(in[0], sum1), sum2));
  out[1] = times(4.0f, difference_half, times(2.0f, difference2, difference1));
  out[2] = times(2.0f, sum_half, times(4.0f, sum2, sum1));
  out[3] = times(8.0f, difference2, hn::Add(hn::Add(difference1, difference_half), in[7]));
}

}  // namespace HWY_NAMESPACE
}  // namespace fmnist
HWY_AFTER_NAMESPACE();

#endif  // toggle
