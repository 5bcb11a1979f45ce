// Forward pass of the convolutions by Winograd's algorithm: one image per lane, pooled and
// rectified in registers.
#if defined(FMNIST_FUSED_CONV_FORWARD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FMNIST_FUSED_CONV_FORWARD_INL_H_
#undef FMNIST_FUSED_CONV_FORWARD_INL_H_
#else
#define FMNIST_FUSED_CONV_FORWARD_INL_H_
#endif

#include <utility>

#include "engine/fused/kernels/simd-inl.h"
#include "engine/fused/kernels/winograd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fmnist {
namespace HWY_NAMESPACE {

// Conv1: F(4, 5) along x, direct along y.

/// One row of pixels → `points` [6 tiles][8 points][16].
HWY_INLINE void conv1_transform_row(const float* HWY_RESTRICT pixels, float* HWY_RESTRICT points) {
  const D d;
  for (std::size_t tile = 0; tile < kConv1Tiles; ++tile) {
    V in[kWinogradPoints];
    FMNIST_UNROLL for (std::size_t x = 0; x < kWinogradPoints; ++x) {
      in[x] = hn::Load(d, pixels + (tile * kWinogradOutputs + x) * kGroup);
    }
    V out[kWinogradPoints];
    winograd_inputs(in, out);
    FMNIST_UNROLL for (std::size_t x = 0; x < kWinogradPoints; ++x) {
      hn::Store(out[x], d, points + (tile * kWinogradPoints + x) * kGroup);
    }
  }
}

/// Products at one point for `kChannels` channels and both rows of a pool window, summed over the
/// kernel rows. `rows` are six transformed rows, `weights` [5][16], `products` [10][2][16].
template <std::size_t kChannels>
HWY_INLINE void conv1_multiply(const float* const (&rows)[6], std::size_t offset,
                               const float* HWY_RESTRICT weights, float* HWY_RESTRICT products) {
  const D d;
  V sums[kChannels][2];
  FMNIST_UNROLL for (auto& channel : sums) channel[0] = channel[1] = hn::Zero(d);
  V upper = hn::Load(d, rows[0] + offset);
  FMNIST_UNROLL for (std::size_t ky = 0; ky < kKernelSide; ++ky) {
    const V lower = hn::Load(d, rows[ky + 1] + offset);
    FMNIST_UNROLL for (std::size_t c = 0; c < kChannels; ++c) {
      const V weight = hn::Set(d, weights[ky * 16 + c]);
      sums[c][0] = hn::MulAdd(upper, weight, sums[c][0]);
      sums[c][1] = hn::MulAdd(lower, weight, sums[c][1]);
    }
    upper = lower;
  }
  FMNIST_UNROLL for (std::size_t c = 0; c < kChannels; ++c) {
    hn::Store(sums[c][0], d, products + 2 * c * kGroup);
    hn::Store(sums[c][1], d, products + (2 * c + 1) * kGroup);
  }
}

/// Products of one channel → its two pooled pixels from `pixel` on.
HWY_INLINE void conv1_pool(const PackedParameters& parameters, std::size_t channel,
                           std::size_t pixel, std::size_t lane, Workspace& work) {
  const D d;
  V outputs[2][kWinogradOutputs];
  FMNIST_UNROLL for (std::size_t y = 0; y < 2; ++y) {
    V in[kWinogradPoints];
    FMNIST_UNROLL for (std::size_t x = 0; x < kWinogradPoints; ++x) {
      in[x] = hn::Load(d, work.conv1_product[x][channel][y] + lane);
    }
    winograd_outputs(in, outputs[y]);
  }
  const V bias = hn::Set(d, parameters.conv1_bias[channel]);
  FMNIST_UNROLL for (std::size_t x = 0; x < 2; ++x) {
    store_pooled(outputs[0][2 * x], outputs[0][2 * x + 1], outputs[1][2 * x], outputs[1][2 * x + 1],
                 bias, work.pool1[channel][pixel + x] + lane,
                 work.route1[channel][pixel + x] + lane);
  }
}

/// One row of pooled pixels from six transformed rows.
HWY_INLINE void conv1_pool_row(const PackedParameters& parameters, const KernelWeights& weights,
                               const float* const (&rows)[6], std::size_t y, std::size_t lane,
                               Workspace& work) {
  constexpr std::size_t kBlock = kWide ? 10 : 5;
  for (std::size_t tile = 0; tile < kConv1Tiles; ++tile) {
    for (std::size_t point = 0; point < kWinogradPoints; ++point) {
      const std::size_t offset = (tile * kWinogradPoints + point) * kGroup;
      for (std::size_t channel = 0; channel < kConv1Channels; channel += kBlock) {
        conv1_multiply<kBlock>(rows, offset, weights.conv1[point][0] + channel,
                               work.conv1_product[point][channel][0] + lane);
      }
    }
    for (std::size_t channel = 0; channel < kConv1Channels; ++channel) {
      conv1_pool(parameters, channel, y * kPool1Side + 2 * tile, lane, work);
    }
  }
}

void conv1_forward(const PackedParameters& parameters, const KernelWeights& weights,
                   Workspace& work) {
  for (std::size_t lane = 0; lane < kGroup; lane += kN) {
    const auto transform_row = [&](std::size_t y) HWY_ATTR {
      conv1_transform_row(work.pixels[y * kImageSide] + lane, work.conv1_input[y % 8][0][0] + lane);
    };
    for (std::size_t y = 0; y < 4; ++y) transform_row(y);
    for (std::size_t y = 0; y < kPool1Side; ++y) {
      transform_row(2 * y + 4);
      transform_row(2 * y + 5);
      const float* rows[6];
      for (std::size_t i = 0; i < 6; ++i) {
        rows[i] = work.conv1_input[(2 * y + i) % 8][0][0] + lane;
      }
      conv1_pool_row(parameters, weights, rows, y, lane, work);
    }
  }
}

// Conv2: F(4×4, 5×5), four tiles per image.

/// The points (`fy`, 0 to 7) of the four tiles, all input channels → `conv2_input`.
template <std::size_t fy>
HWY_NOINLINE void conv2_transform(std::size_t lane, Workspace& work) {
  const D d;
  for (std::size_t i = 0; i < 2 * kConv1Channels; ++i) {
    const std::size_t channel = i / 2;
    const std::size_t tile_row = i % 2;
    const float* const rows = work.pool1[channel][tile_row * kWinogradOutputs * kPool1Side] + lane;
    V columns[kPool1Side];
    FMNIST_UNROLL for (std::size_t x = 0; x < kPool1Side; ++x) {
      V in[kWinogradPoints];
      FMNIST_UNROLL for (std::size_t y = 0; y < kWinogradPoints; ++y) {
        in[y] = hn::Load(d, rows + (y * kPool1Side + x) * kGroup);
      }
      columns[x] = winograd_input<fy>(in);
    }
    FMNIST_UNROLL for (std::size_t tile = 0; tile < 2; ++tile) {
      V in[kWinogradPoints];
      FMNIST_UNROLL for (std::size_t x = 0; x < kWinogradPoints; ++x) {
        in[x] = columns[tile * kWinogradOutputs + x];
      }
      V out[kWinogradPoints];
      winograd_inputs(in, out);
      FMNIST_UNROLL for (std::size_t fx = 0; fx < kWinogradPoints; ++fx) {
        hn::Store(out[fx], d, work.conv2_input[fx][channel][tile_row * 2 + tile] + lane);
      }
    }
  }
}

/// Products at one point: `kTiles` tiles × 5 output channels, summed over the input channels.
/// `inputs` [10][4][16], `weights` [5][16], `products` [5][4][16].
template <std::size_t kTiles>
HWY_INLINE void conv2_multiply(const float* HWY_RESTRICT inputs, const float* HWY_RESTRICT weights,
                               float* HWY_RESTRICT products) {
  const D d;
  V sums[kConv2Block][kTiles];
  FMNIST_UNROLL for (auto& channel : sums) {
    FMNIST_UNROLL for (V& sum : channel) sum = hn::Zero(d);
  }
  HWY_PRAGMA(GCC unroll 1)
  for (std::size_t in = 0; in < kConv1Channels; ++in) {
    V values[kTiles];
    FMNIST_UNROLL for (std::size_t tile = 0; tile < kTiles; ++tile) {
      values[tile] = hn::Load(d, inputs + (in * kConv2Tiles + tile) * kGroup);
    }
    FMNIST_UNROLL for (std::size_t c = 0; c < kConv2Block; ++c) {
      const V weight = hn::Set(d, weights[c * 16 + in]);
      FMNIST_UNROLL for (std::size_t tile = 0; tile < kTiles; ++tile) {
        sums[c][tile] = hn::MulAdd(values[tile], weight, sums[c][tile]);
      }
    }
  }
  FMNIST_UNROLL for (std::size_t c = 0; c < kConv2Block; ++c) {
    FMNIST_UNROLL for (std::size_t tile = 0; tile < kTiles; ++tile) {
      hn::Store(sums[c][tile], d, products + (c * kConv2Tiles + tile) * kGroup);
    }
  }
}

/// All products at the points (`fy`, 0 to 7), transformed back along x, → `conv2_rows`.
HWY_INLINE void conv2_multiply_row(const KernelWeights& weights, std::size_t fy, std::size_t lane,
                                   Workspace& work) {
  const D d;
  constexpr std::size_t kTiles = kWide ? 4 : 2;
  for (std::size_t channel = 0; channel < kConv2Channels; channel += kConv2Block) {
    for (std::size_t fx = 0; fx < kWinogradPoints; ++fx) {
      const float* const weight = weights.conv2[fy * kWinogradPoints + fx][channel];
      for (std::size_t tile = 0; tile < kConv2Tiles; tile += kTiles) {
        conv2_multiply<kTiles>(work.conv2_input[fx][0][tile] + lane, weight,
                               work.conv2_product[fx][tile] + lane);
      }
    }
    for (std::size_t i = 0; i < kConv2Block * kConv2Tiles; ++i) {
      V in[kWinogradPoints];
      FMNIST_UNROLL for (std::size_t fx = 0; fx < kWinogradPoints; ++fx) {
        in[fx] = hn::Load(d, work.conv2_product[fx][i] + lane);
      }
      V out[kWinogradOutputs];
      winograd_outputs(in, out);
      FMNIST_UNROLL for (std::size_t x = 0; x < kWinogradOutputs; ++x) {
        hn::Store(out[x], d, work.conv2_rows[channel * kConv2Tiles + i][x][fy] + lane);
      }
    }
  }
}

/// Transforms one tile of one output channel back along y and pools it.
HWY_INLINE void conv2_pool(std::size_t channel, std::size_t tile, V bias, std::size_t lane,
                           Workspace& work) {
  const D d;
  V outputs[kWinogradOutputs][kWinogradOutputs];  // [x][y]
  FMNIST_UNROLL for (std::size_t x = 0; x < kWinogradOutputs; ++x) {
    V in[kWinogradPoints];
    FMNIST_UNROLL for (std::size_t fy = 0; fy < kWinogradPoints; ++fy) {
      in[fy] = hn::Load(d, work.conv2_rows[channel * kConv2Tiles + tile][x][fy] + lane);
    }
    winograd_outputs(in, outputs[x]);
  }
  FMNIST_UNROLL for (std::size_t window = 0; window < 4; ++window) {
    const std::size_t y = window / 2;
    const std::size_t x = window % 2;
    const std::size_t pixel = (tile / 2 * 2 + y) * kPool2Side + tile % 2 * 2 + x;
    const std::size_t unit = pixel * kConv2Channels + channel;
    store_pooled(outputs[2 * x][2 * y], outputs[2 * x + 1][2 * y], outputs[2 * x][2 * y + 1],
                 outputs[2 * x + 1][2 * y + 1], bias, work.pool2[unit] + lane,
                 work.route2[unit] + lane);
  }
}

template <std::size_t... fy>
HWY_INLINE void conv2_all_rows(const KernelWeights& weights, std::size_t lane, Workspace& work,
                               std::index_sequence<fy...>) {
  ((conv2_transform<fy>(lane, work), conv2_multiply_row(weights, fy, lane, work)), ...);
}

void conv2_forward(const PackedParameters& parameters, const KernelWeights& weights,
                   Workspace& work) {
  for (std::size_t lane = 0; lane < kGroup; lane += kN) {
    conv2_all_rows(weights, lane, work, std::make_index_sequence<kWinogradPoints>());
    for (std::size_t channel = 0; channel < kConv2Channels; ++channel) {
      const V bias = hn::Set(D(), parameters.conv2_bias[channel]);
      for (std::size_t tile = 0; tile < kConv2Tiles; ++tile) {
        conv2_pool(channel, tile, bias, lane, work);
      }
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace fmnist
HWY_AFTER_NAMESPACE();

#endif  // toggle
