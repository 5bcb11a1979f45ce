#include "engine/fused/kernels.h"

#include "engine/fused/targets.h"

// Everything below is compiled once for each instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/fused/kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "engine/fused/kernels/conv1_backward-inl.h"
#include "engine/fused/kernels/conv2_backward-inl.h"
#include "engine/fused/kernels/conv_forward-inl.h"
#include "engine/fused/kernels/dense-inl.h"
#include "engine/fused/kernels/transpose-inl.h"
#include "engine/fused/kernels/update-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fmnist {
namespace HWY_NAMESPACE {

Kernels kernels() {
  return {.load_pixels = load_pixels,
          .conv1_forward = conv1_forward,
          .conv2_forward = conv2_forward,
          .fc1_forward = fc1_forward,
          .dropout = dropout,
          .fc2_forward = fc2_forward,
          .transpose_activations = transpose_activations,
          .fc2_backward = fc2_backward,
          .fc1_backward = fc1_backward,
          .conv2_backward_input = conv2_backward_input,
          .conv2_backward_weights = conv2_backward_weights,
          .conv1_backward = conv1_backward,
          .update = update,
          .derive = derive};
}

}  // namespace HWY_NAMESPACE
}  // namespace fmnist
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fmnist {

Kernels make_kernels(Isa isa) {
#if HWY_TARGETS & HWY_AVX3
  if (isa == Isa::kAvx512) return N_AVX3::kernels();
#endif
#if HWY_TARGETS & HWY_AVX2
  if (isa == Isa::kAvx2) return N_AVX2::kernels();
#endif
  return HWY_STATIC_DISPATCH(kernels)();
}

}  // namespace fmnist
#endif  // HWY_ONCE
