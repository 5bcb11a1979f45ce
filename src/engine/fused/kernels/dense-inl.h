// The two linear layers and dropout, forward and backward.
#if defined(FMNIST_FUSED_DENSE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FMNIST_FUSED_DENSE_INL_H_
#undef FMNIST_FUSED_DENSE_INL_H_
#else
#define FMNIST_FUSED_DENSE_INL_H_
#endif

#include "engine/fused/kernels/simd-inl.h"
#include "engine/fused/kernels/transpose-inl.h"
#include "fmnist/core/random.h"

HWY_BEFORE_NAMESPACE();
namespace fmnist {
namespace HWY_NAMESPACE {

/// `kOutputs` units of a linear layer, bias included, without activation: rows `weights`
/// [kOutputs] of `pitch` floats times `inputs` [count][16].
template <std::size_t kOutputs>
HWY_INLINE void linear_block(const float* HWY_RESTRICT weights, std::size_t pitch,
                             const float* HWY_RESTRICT bias, const float* HWY_RESTRICT inputs,
                             std::size_t count, V (&sums)[kOutputs]) {
  const D d;
  FMNIST_UNROLL for (std::size_t o = 0; o < kOutputs; ++o) sums[o] = hn::Set(d, bias[o]);
  HWY_PRAGMA(GCC unroll 1)
  for (std::size_t i = 0; i < count; ++i) {
    const V input = hn::Load(d, inputs + i * kGroup);
    FMNIST_UNROLL for (std::size_t o = 0; o < kOutputs; ++o) {
      sums[o] = hn::MulAdd(input, hn::Set(d, weights[o * pitch + i]), sums[o]);
    }
  }
}

void fc1_forward(const PackedParameters& parameters, Workspace& work) {
  constexpr std::size_t kBlock = kWide ? 25 : 10;
  for (std::size_t lane = 0; lane < kGroup; lane += kN) {
    for (std::size_t first = 0; first < kHidden; first += kBlock) {
      V sums[kBlock];
      linear_block<kBlock>(parameters.fc1_weight[first], kFeatures, parameters.fc1_bias + first,
                           work.pool2[0] + lane, kFeatures, sums);
      FMNIST_UNROLL for (std::size_t o = 0; o < kBlock; ++o) {
        hn::Store(relu(sums[o]), D(), work.hidden[first + o] + lane);
      }
    }
  }
}

void fc2_forward(const PackedParameters& parameters, Workspace& work) {
  for (std::size_t lane = 0; lane < kGroup; lane += kN) {
    V sums[kClassCount];
    linear_block<kClassCount>(parameters.fc2_weight[0], kHiddenLanes, parameters.fc2_bias,
                              work.hidden[0] + lane, kHidden, sums);
    FMNIST_UNROLL for (std::size_t c = 0; c < kClassCount; ++c) {
      hn::Store(sums[c], D(), work.logits[c] + lane);
    }
  }
}

#if HWY_TARGET == HWY_SCALAR
using Words = std::uint32_t;

/// `DropoutMask::words` for one image.
HWY_INLINE void philox_lanes(const DropoutMask& mask, std::uint32_t block, Words (&words)[4]) {
  const auto result = mask.words(block);
  for (std::size_t i = 0; i < 4; ++i) words[i] = result[i];
}
#else
using Words = hn::Vec<DU>;

/// Low and high halves of the products of 32-bit words with a constant.
HWY_INLINE void multiply_words(Words value, std::uint32_t factor, Words& low, Words& high) {
  const DU d;
  const hn::Repartition<std::uint64_t, DU> d64;
  const auto factors = hn::Set(d, factor);
  const auto even = hn::MulEven(value, factors);
  const auto odd =
      hn::MulEven(hn::BitCast(d, hn::ShiftRight<32>(hn::BitCast(d64, value))), factors);
  low = hn::OddEven(hn::BitCast(d, hn::ShiftLeft<32>(odd)), hn::BitCast(d, even));
  high = hn::OddEven(hn::BitCast(d, odd), hn::BitCast(d, hn::ShiftRight<32>(even)));
}

/// `DropoutMask::words` in every lane, of `block` + 16 × lane.
HWY_INLINE void philox_lanes(const DropoutMask& mask, std::uint32_t block, Words (&words)[4]) {
  const DU d;
  words[0] = hn::Set(d, static_cast<std::uint32_t>(mask.step));
  words[1] = hn::Set(d, static_cast<std::uint32_t>(mask.step >> 32));
  words[2] = hn::Add(hn::Set(d, block), hn::ShiftLeft<4>(hn::Iota(d, 0)));
  words[3] = hn::Set(d, static_cast<std::uint32_t>(Stream::kDropout));
  auto key0 = static_cast<std::uint32_t>(mask.seed);
  auto key1 = static_cast<std::uint32_t>(mask.seed >> 32);
  for (int round = 0; round < 10; ++round) {
    Words low0, high0, low1, high1;
    multiply_words(words[0], 0xD2511F53, low0, high0);
    multiply_words(words[2], 0xCD9E8D57, low1, high1);
    words[0] = hn::Xor(hn::Xor(high1, words[1]), hn::Set(d, key0));
    words[1] = low1;
    words[2] = hn::Xor(hn::Xor(high0, words[3]), hn::Set(d, key1));
    words[3] = low0;
    key0 += 0x9E3779B9;
    key1 += 0xBB67AE85;
  }
}
#endif

void dropout(const DropoutMask& mask, std::uint32_t place, Workspace& work) {
  const D d;
  for (std::size_t lane = 0; lane < kGroup; lane += kN) {
    for (std::uint32_t quad = 0; quad < (kHidden + 3) / 4; ++quad) {
      Words words[4];
      philox_lanes(mask, (place + static_cast<std::uint32_t>(lane)) * 16 + quad, words);
      for (std::size_t i = 0; i < 4 && 4 * quad + i < kHidden; ++i) {
        const std::size_t unit = 4 * quad + i;
#if HWY_TARGET == HWY_SCALAR
        const V factor = hn::Set(d, words[i] < mask.threshold ? 0.0f : mask.scale);
#else
        const auto dropped = hn::Lt(words[i], hn::Set(DU(), mask.threshold));
        const V factor = hn::IfThenZeroElse(hn::RebindMask(d, dropped), hn::Set(d, mask.scale));
#endif
        hn::Store(factor, d, work.dropout[unit] + lane);
        float* const hidden = work.hidden[unit] + lane;
        hn::Store(hn::Mul(hn::Load(d, hidden), factor), d, hidden);
      }
    }
  }
}

/// logits_gradient → hidden_gradient, through fc2, dropout and ReLU.
HWY_INLINE void hidden_gradient(const PackedParameters& parameters, bool dropped, Workspace& work) {
  const D d;
  for (std::size_t lane = 0; lane < kGroup; lane += kN) {
    V gradients[kClassCount];
    for (std::size_t c = 0; c < kClassCount; ++c) {
      gradients[c] = hn::Load(d, work.logits_gradient[c] + lane);
    }
    for (std::size_t unit = 0; unit < kHidden; ++unit) {
      V sum = hn::Zero(d);
      FMNIST_UNROLL for (std::size_t c = 0; c < kClassCount; ++c) {
        sum = hn::MulAdd(gradients[c], hn::Set(d, parameters.fc2_weight[c][unit]), sum);
      }
      if (dropped) sum = hn::Mul(sum, hn::Load(d, work.dropout[unit] + lane));
      const auto active = hn::Gt(hn::Load(d, work.hidden[unit] + lane), hn::Zero(d));
      hn::Store(hn::IfThenElseZero(active, sum), d, work.hidden_gradient[unit] + lane);
    }
  }
}

/// fc2's weight gradients [10][64]: sums over the images of gradient × hidden.
HWY_INLINE void fc2_weight_gradients(const Workspace& work, bool first, Gradients& gradients) {
  const D d;
  constexpr std::size_t kBlock = 5;
  for (std::size_t c = 0; c < kClassCount; c += kBlock) {
    for (std::size_t unit = 0; unit < kHiddenLanes; unit += kN) {
      V sums[kBlock];
      FMNIST_UNROLL for (std::size_t i = 0; i < kBlock; ++i) sums[i] = hn::Zero(d);
      for (std::size_t image = 0; image < kGroup; ++image) {
        const V hidden = hn::Load(d, work.hidden_rows[image] + unit);
        FMNIST_UNROLL for (std::size_t i = 0; i < kBlock; ++i) {
          sums[i] =
              hn::MulAdd(hidden, hn::Set(d, work.logits_gradient_rows[image][c + i]), sums[i]);
        }
      }
      FMNIST_UNROLL for (std::size_t i = 0; i < kBlock; ++i) {
        float* const to = gradients.fc2_weight[c + i] + unit;
        hn::Store(first ? sums[i] : hn::Add(hn::Load(d, to), sums[i]), d, to);
      }
    }
  }
}

void fc2_backward(const PackedParameters& parameters, bool dropped, bool first, Workspace& work,
                  Gradients& gradients) {
  transpose_floats(work.hidden[0], kGroup, kHiddenLanes, work.hidden_rows[0], kHiddenLanes);
  transpose_floats(work.logits_gradient[0], kGroup, 16, work.logits_gradient_rows[0], 16);
  fc2_weight_gradients(work, first, gradients);
  for (std::size_t image = 0; image < kGroup; ++image) {
    accumulate(work.logits_gradient_rows[image], 16, first && image == 0, gradients.fc2_bias);
  }
  hidden_gradient(parameters, dropped, work);
  transpose_floats(work.hidden_gradient[0], kGroup, kHiddenLanes, work.hidden_gradient_rows[0],
                   kHiddenLanes);
}

/// Which of `count` values are not zero.
HWY_INLINE std::size_t list_nonzero(const float* HWY_RESTRICT values, std::size_t count,
                                    std::uint32_t* HWY_RESTRICT indices) {
  std::size_t found = 0;
  for (std::size_t i = 0; i < count; ++i) {
    indices[found] = static_cast<std::uint32_t>(i);
    found += values[i] != 0.0f;
  }
  return found;
}

/// Adds `count` rows of kFeatures floats, picked by `indices` and weighted by `factors[index]`, to
/// kFeatures sums: `kAccumulators` vectors at a time.
HWY_INLINE void add_rows(const float* HWY_RESTRICT rows, const float* HWY_RESTRICT factors,
                         const std::uint32_t* HWY_RESTRICT indices, std::size_t count, bool replace,
                         float* HWY_RESTRICT to) {
  const D d;
  constexpr std::size_t kAccumulators = kWide ? 20 : 10;
  for (std::size_t first = 0; first < kFeatures; first += kAccumulators * kN) {
    V sums[kAccumulators];
    FMNIST_UNROLL for (std::size_t i = 0; i < kAccumulators; ++i) {
      sums[i] = replace ? hn::Zero(d) : hn::Load(d, to + first + i * kN);
    }
    HWY_PRAGMA(GCC unroll 1)
    for (std::size_t k = 0; k < count; ++k) {
      const std::size_t index = indices[k];
      const V factor = hn::Set(d, factors[index]);
      const float* const row = rows + index * kFeatures + first;
      FMNIST_UNROLL for (std::size_t i = 0; i < kAccumulators; ++i) {
        sums[i] = hn::MulAdd(factor, hn::Load(d, row + i * kN), sums[i]);
      }
    }
    FMNIST_UNROLL for (std::size_t i = 0; i < kAccumulators; ++i) {
      hn::Store(sums[i], d, to + first + i * kN);
    }
  }
}

void fc1_backward(const PackedParameters& parameters, std::size_t images, bool first,
                  Workspace& work, Gradients& gradients) {
  // Dropout and ReLU leave about a quarter of the gradients: only those do work.
  std::uint32_t indices[kHiddenLanes];
  for (std::size_t unit = 0; unit < kHidden; ++unit) {
    const std::size_t count = list_nonzero(work.hidden_gradient[unit], images, indices);
    add_rows(work.pool2_rows[0], work.hidden_gradient[unit], indices, count, first,
             gradients.fc1_weight[unit]);
  }
  for (std::size_t image = 0; image < images; ++image) {
    const float* const row = work.hidden_gradient_rows[image];
    const std::size_t count = list_nonzero(row, kHidden, indices);
    add_rows(parameters.fc1_weight[0], row, indices, count, true, work.pool2_gradient_rows[image]);
    accumulate(row, kHiddenLanes, first && image == 0, gradients.fc1_bias);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace fmnist
HWY_AFTER_NAMESPACE();

#endif  // toggle
