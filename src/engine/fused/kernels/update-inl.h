// The optimiser step, and what the convolutions' kernels derive from new parameters.
#if defined(FMNIST_FUSED_UPDATE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FMNIST_FUSED_UPDATE_INL_H_
#undef FMNIST_FUSED_UPDATE_INL_H_
#else
#define FMNIST_FUSED_UPDATE_INL_H_
#endif

#include "engine/fused/kernels/conv1_backward-inl.h"
#include "engine/fused/kernels/simd-inl.h"
#include "engine/fused/kernels/winograd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fmnist {
namespace HWY_NAMESPACE {

/// Where the gradient sums of one array stand.
struct Sources {
  const float* from[kMaxSlots];
  std::size_t count;
};

template <class Array>
HWY_INLINE Sources sources(GradientSlots slots, Array Gradients::*array, std::size_t offset = 0) {
  Sources result;
  result.count = slots.size();
  for (std::size_t i = 0; i < slots.size(); ++i) {
    result.from[i] = reinterpret_cast<const float*>(&(slots[i]->*array)) + offset;
  }
  return result;
}

/// The sums at `i`, added up pairwise.
HWY_INLINE V tree_sum(const Sources& sources, std::size_t i) {
  const D d;
  const float* const* const from = sources.from;
  if (sources.count == 4) {  // batches of 49 to 64, by far the most common
    return hn::Add(hn::Add(hn::Load(d, from[0] + i), hn::Load(d, from[1] + i)),
                   hn::Add(hn::Load(d, from[2] + i), hn::Load(d, from[3] + i)));
  }
  V terms[kMaxSlots];
  std::size_t count = sources.count;
  for (std::size_t k = 0; k < count; ++k) terms[k] = hn::Load(d, from[k] + i);
  while (count > 1) {
    for (std::size_t k = 0; k < count / 2; ++k) terms[k] = hn::Add(terms[2 * k], terms[2 * k + 1]);
    if (count % 2 == 1) terms[count / 2] = terms[count - 1];
    count = (count + 1) / 2;
  }
  return terms[0];
}

/// SGD as in `torch.optim.SGD` on `count` parameters.
HWY_INLINE void sgd(const Sources& sources, std::size_t count, const SgdStep& step,
                    float* HWY_RESTRICT parameters, float* HWY_RESTRICT momentum) {
  const D d;
  const V rate = hn::Set(d, step.learning_rate);
  const V keep = hn::Set(d, step.momentum);
  const V decay = hn::Set(d, step.weight_decay);
  for (std::size_t i = 0; i < count; i += kN) {
    const V parameter = hn::Load(d, parameters + i);
    V gradient = hn::MulAdd(decay, parameter, tree_sum(sources, i));
    if (step.momentum != 0.0f) {
      const V buffer = hn::MulAdd(keep, hn::Load(d, momentum + i), gradient);
      hn::Store(buffer, d, momentum + i);
      gradient = step.nesterov ? hn::MulAdd(keep, buffer, gradient) : buffer;
    }
    hn::Store(hn::NegMulAdd(rate, gradient, parameter), d, parameters + i);
  }
}

void derive_conv1(const PackedParameters& parameters, KernelWeights& weights) {
  const D d;
  for (std::size_t ky = 0; ky < kKernelSide; ++ky) {
    for (std::size_t lane = 0; lane < 16; lane += kN) {
      V in[kKernelSide];
      for (std::size_t kx = 0; kx < kKernelSide; ++kx) {
        in[kx] = hn::Load(d, parameters.conv1_weight[ky * kKernelSide + kx] + lane);
      }
      V out[kWinogradPoints];
      winograd_weights(in, out);
      for (std::size_t point = 0; point < kWinogradPoints; ++point) {
        hn::Store(out[point], d, weights.conv1[point][ky] + lane);
      }
    }
  }
}

HWY_INLINE void derive_winograd(const PackedParameters& parameters, std::size_t channel,
                                KernelWeights& weights) {
  const D d;
  for (std::size_t lane = 0; lane < 16; lane += kN) {
    V columns[kKernelSide][kWinogradPoints];
    for (std::size_t kx = 0; kx < kKernelSide; ++kx) {
      V in[kKernelSide];
      for (std::size_t ky = 0; ky < kKernelSide; ++ky) {
        in[ky] = hn::Load(d, parameters.conv2_weight[channel][ky * kKernelSide + kx] + lane);
      }
      winograd_weights(in, columns[kx]);
    }
    for (std::size_t fy = 0; fy < kWinogradPoints; ++fy) {
      V in[kKernelSide];
      for (std::size_t kx = 0; kx < kKernelSide; ++kx) in[kx] = columns[kx][fy];
      V out[kWinogradPoints];
      winograd_weights(in, out);
      for (std::size_t fx = 0; fx < kWinogradPoints; ++fx) {
        hn::Store(out[fx], d, weights.conv2[fy * kWinogradPoints + fx][channel] + lane);
      }
    }
  }
}

HWY_INLINE void derive_shifted(const PackedParameters& parameters, std::size_t channel,
                               KernelWeights& weights) {
  const D d;
  for (std::size_t ky = 0; ky < kKernelSide; ++ky) {
    for (std::size_t dx = 0; dx < 2; ++dx) {
      // Lanes that no pixel fills have been zero from the start.
      float* const row = weights.conv2_shifted[channel][dx][ky];
      FMNIST_UNROLL for (std::size_t kx = 0; kx < kKernelSide; ++kx) {
        FMNIST_UNROLL for (std::size_t lane = 0; lane < 16; lane += kN) {
          // The zeros beyond ten channels are overwritten by the next pixel, or end with the row.
          const V weight =
              hn::Load(d, parameters.conv2_weight[channel][ky * kKernelSide + kx] + lane);
          const std::size_t to = (dx + kx) * kConv1Channels + lane;
          if (to + kN <= kPackedLanes) {
            hn::StoreU(weight, d, row + to);
          } else if (to < kPackedLanes) {
            hn::BlendedStore(weight, hn::FirstN(d, kPackedLanes - to), d, row + to);
          }
        }
      }
    }
  }
}

void derive_conv2(const PackedParameters& parameters, std::size_t channel, KernelWeights& weights) {
  derive_winograd(parameters, channel, weights);
  derive_shifted(parameters, channel, weights);
}

void derive(const PackedParameters& parameters, KernelWeights& weights) {
  derive_conv1(parameters, weights);
  for (std::size_t c = 0; c < kConv2Channels; ++c) derive_conv2(parameters, c, weights);
}

void update_conv1(GradientSlots slots, const SgdStep& step, PackedParameters& parameters,
                  PackedParameters& momentum, KernelWeights& weights) {
  constexpr std::size_t kWeights = kTaps * kPackedLanes;
  HWY_ALIGN float sums[kWeights + kPackedLanes];
  const auto weight_sources = sources(slots, &Gradients::conv1_weight);
  for (std::size_t i = 0; i < kWeights; i += kN)
    hn::Store(tree_sum(weight_sources, i), D(), sums + i);
  const auto bias_sources = sources(slots, &Gradients::conv1_bias);
  for (std::size_t i = 0; i < kPackedLanes; i += kN) {
    hn::Store(tree_sum(bias_sources, i), D(), sums + kWeights + i);
  }
  HWY_ALIGN float weight[kTaps][16] = {};
  HWY_ALIGN float bias[16] = {};
  unpack_conv1(sums, sums + kWeights, weight, bias);
  sgd({{weight[0]}, 1}, kTaps * 16, step, parameters.conv1_weight[0], momentum.conv1_weight[0]);
  sgd({{bias}, 1}, 16, step, parameters.conv1_bias, momentum.conv1_bias);
  derive_conv1(parameters, weights);
}

void update_rest(GradientSlots slots, const SgdStep& step, PackedParameters& parameters,
                 PackedParameters& momentum) {
  sgd(sources(slots, &Gradients::conv2_bias), 32, step, parameters.conv2_bias, momentum.conv2_bias);
  sgd(sources(slots, &Gradients::fc1_bias), kHiddenLanes, step, parameters.fc1_bias,
      momentum.fc1_bias);
  sgd(sources(slots, &Gradients::fc2_weight), kClassCount * kHiddenLanes, step,
      parameters.fc2_weight[0], momentum.fc2_weight[0]);
  sgd(sources(slots, &Gradients::fc2_bias), 16, step, parameters.fc2_bias, momentum.fc2_bias);
}

void update(std::size_t unit, GradientSlots slots, const SgdStep& step,
            PackedParameters& parameters, PackedParameters& momentum, KernelWeights& weights) {
  if (unit == 0) {
    update_conv1(slots, step, parameters, momentum, weights);
  } else if (unit <= kConv2Channels) {
    const std::size_t channel = unit - 1;
    constexpr std::size_t kFloats = kTaps * 16;
    sgd(sources(slots, &Gradients::conv2_weight, channel * kFloats), kFloats, step,
        parameters.conv2_weight[channel][0], momentum.conv2_weight[channel][0]);
    derive_conv2(parameters, channel, weights);
  } else if (unit <= kConv2Channels + kHidden) {
    const std::size_t row = unit - 1 - kConv2Channels;
    sgd(sources(slots, &Gradients::fc1_weight, row * kFeatures), kFeatures, step,
        parameters.fc1_weight[row], momentum.fc1_weight[row]);
  } else {
    update_rest(slots, step, parameters, momentum);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace fmnist
HWY_AFTER_NAMESPACE();

#endif  // toggle
