#include "engine/fused/packing.h"

#include <span>

namespace fmnist {
namespace {

/// Visits every parameter: its index in `Parameters` and its place in `packed` (const or not).
template <class Packed, class Visitor>
void for_each_parameter(Packed& packed, Visitor visit) {
  std::size_t index = 0;
  for (std::size_t c = 0; c < kConv1Channels; ++c) {
    for (std::size_t tap = 0; tap < kTaps; ++tap) visit(index++, packed.conv1_weight[tap][c]);
  }
  for (std::size_t c = 0; c < kConv1Channels; ++c) visit(index++, packed.conv1_bias[c]);
  for (std::size_t out = 0; out < kConv2Channels; ++out) {
    for (std::size_t in = 0; in < kConv1Channels; ++in) {
      for (std::size_t tap = 0; tap < kTaps; ++tap) {
        visit(index++, packed.conv2_weight[out][tap][in]);
      }
    }
  }
  for (std::size_t c = 0; c < kConv2Channels; ++c) visit(index++, packed.conv2_bias[c]);
  for (std::size_t unit = 0; unit < kHidden; ++unit) {
    for (std::size_t c = 0; c < kConv2Channels; ++c) {
      for (std::size_t pixel = 0; pixel < kPool2Pixels; ++pixel) {
        visit(index++, packed.fc1_weight[unit][pixel * kConv2Channels + c]);
      }
    }
  }
  for (std::size_t unit = 0; unit < kHidden; ++unit) visit(index++, packed.fc1_bias[unit]);
  for (std::size_t c = 0; c < kClassCount; ++c) {
    for (std::size_t unit = 0; unit < kHidden; ++unit) visit(index++, packed.fc2_weight[c][unit]);
  }
  for (std::size_t c = 0; c < kClassCount; ++c) visit(index++, packed.fc2_bias[c]);
}

}  // namespace

void pack(const Parameters& parameters, PackedParameters& packed) {
  for_each_parameter(packed,
                     [&](std::size_t index, float& value) { value = parameters.values[index]; });
}

Parameters unpack(const PackedParameters& packed) {
  Parameters parameters;
  for_each_parameter(
      packed, [&](std::size_t index, const float& value) { parameters.values[index] = value; });
  return parameters;
}

}  // namespace fmnist
