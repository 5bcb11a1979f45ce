#pragma once

#include <cstddef>
#include <cstdint>

#include "fmnist/core/network.h"

namespace fmnist {

/// Images that the engine works on together: one per float lane of the widest vector.
inline constexpr std::size_t kGroup = 16;

inline constexpr std::size_t kPool1Pixels = kPool1Side * kPool1Side;
/// Pixels between the images of `Workspace::pool1_rows`: odd, so that images do not share cache
/// sets.
inline constexpr std::size_t kPool1Pitch = kPool1Pixels + 1;
inline constexpr std::size_t kPool2Pixels = kPool2Side * kPool2Side;
inline constexpr std::size_t kHiddenLanes = 64;  // kHidden padded to whole vectors

/// A pooled unit's route: `dx + 16 * dy` of the largest entry of its 2×2 window (the first of
/// equals), plus this bit when ReLU lets no gradient through.
inline constexpr std::uint8_t kRouteRight = 1;
inline constexpr std::uint8_t kRouteDown = 16;
inline constexpr std::uint8_t kRouteInactive = 128;

/// Channels are packed without padding where a pixel row of pool 1 counts as one long vector: six
/// pixels of ten channels fill 60 of 64 lanes.
inline constexpr std::size_t kPackedPixels = 6;
inline constexpr std::size_t kPackedLanes = 64;
inline constexpr std::size_t kPackedHalfRows = kPool1Pixels / kPackedPixels;
/// Floats of a packed [12][12][10] image with room for the last vector's unused lanes.
inline constexpr std::size_t kPackedImage = kPool1Pixels * kConv1Channels + 32;

/// Columns of an image row with room for whole vectors that start at any needed column.
inline constexpr std::size_t kImagePitch = 32;

/// The convolutions' forward pass makes four outputs at a time from eight inputs.
inline constexpr std::size_t kWinogradPoints = 8;
inline constexpr std::size_t kWinogradOutputs = 4;
inline constexpr std::size_t kConv1Tiles = 6;  // in a row
inline constexpr std::size_t kConv2Tiles = 4;  // in an image, two rows of two
inline constexpr std::size_t kConv2Block = 5;  // output channels multiplied at a time

/// Parameters (or their momentum) in the order the kernels use; padding lanes are always zero.
struct alignas(64) PackedParameters {
  float conv1_weight[kTaps][16];                  // [tap][output channel]
  float conv1_bias[16];                           // [output channel]
  float conv2_weight[kConv2Channels][kTaps][16];  // [output channel][tap][input channel]
  float conv2_bias[32];                           // [output channel]
  float fc1_weight[kHidden][kFeatures];           // [unit][pool-2 pixel][channel]
  float fc1_bias[kHiddenLanes];                   // [unit]
  float fc2_weight[kClassCount][kHiddenLanes];    // [class][unit]
  float fc2_bias[16];                             // [class]
};

/// What an optimiser step derives from the parameters for the convolutions' kernels.
struct alignas(64) KernelWeights {
  float conv1[kWinogradPoints][kKernelSide][16];  // [point along x][kernel row][channel]
  float conv2[kWinogradPoints * kWinogradPoints][kConv2Channels][16];  // [point][output][input]
  float conv2_shifted[kConv2Channels][2][kKernelSide]
                     [kPackedLanes];  // [output][dx][row][packed input]
};

/// Gradient sums of some groups. The layout of the first two is the business of the kernels.
struct alignas(64) Gradients {
  float conv1_weight[kTaps * kPackedLanes];
  float conv1_bias[kPackedLanes];
  float conv2_weight[kConv2Channels][kTaps][16];
  float conv2_bias[32];
  float fc1_weight[kHidden][kFeatures];
  float fc1_bias[kHiddenLanes];
  float fc2_weight[kClassCount][kHiddenLanes];
  float fc2_bias[16];
};

/// The non-zero gradients of conv2's outputs, by output channel: value and where its input window
/// begins in `Workspace::pool1_rows` (in floats).
struct GradientList {
  struct Entry {
    float gradient;
    std::uint32_t window;
  };
  std::uint32_t count[kConv2Channels];
  Entry entries[kConv2Channels][kGroup * kPool2Pixels];
};

/// Everything one thread needs for one group. The first block has one image per lane, the
/// second (`_rows`) goes image by image, the third is the forward convolutions' scratch.
struct alignas(64) Workspace {
  float pixels[kImagePixels][kGroup];
  float pool1[kConv1Channels][kPool1Pixels][kGroup];
  std::uint8_t route1[kConv1Channels][kPool1Pixels][kGroup];
  float pool2[kFeatures][kGroup];  // [pixel * 20 + channel]
  std::uint8_t route2[kFeatures][kGroup];
  float hidden[kHiddenLanes][kGroup];   // after ReLU and dropout; the padding is zero
  float dropout[kHiddenLanes][kGroup];  // 0 or 1 / (1 - p)
  float logits[16][kGroup];
  float logits_gradient[16][kGroup];            // classes padded with zeros
  float hidden_gradient[kHiddenLanes][kGroup];  // before ReLU; the padding is zero

  float pool1_rows[kGroup][kPool1Pitch][16];  // [image][pixel][channel], padding zero
  std::uint8_t route1_rows[kGroup][kPackedHalfRows * kPackedLanes + 64];
  float pool2_rows[kGroup][kFeatures];
  std::uint8_t route2_rows[kGroup][kFeatures];
  float hidden_rows[kGroup][kHiddenLanes];
  float hidden_gradient_rows[kGroup][kHiddenLanes];
  float logits_gradient_rows[kGroup][16];
  float pool2_gradient_rows[kGroup][kFeatures];
  float pool1_gradient[kPackedImage];  // of one image, packed [12][12][10]
  float image[kImageSide][kImagePitch];
  GradientList conv2_gradients;

  // Between the steps of the forward convolutions.
  alignas(64) float conv1_input[8][kConv1Tiles][kWinogradPoints][kGroup];   // [row mod 8]
  float conv1_product[kWinogradPoints][kConv1Channels][2][kGroup];          // [point][channel][dy]
  float conv2_input[kWinogradPoints][kConv1Channels][kConv2Tiles][kGroup];  // [fx][channel][tile]
  float conv2_product[kWinogradPoints][kConv2Block * kConv2Tiles][kGroup];  // [fx][output, tile]
  float conv2_rows[kConv2Channels * kConv2Tiles][kWinogradOutputs][kWinogradPoints]
                  [kGroup];  // [output, tile][x][fy]
};

}  // namespace fmnist
