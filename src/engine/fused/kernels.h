#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/fused/isa.h"
#include "engine/fused/layout.h"
#include "fmnist/core/dropout.h"

namespace fmnist {

/// The optimiser's numbers for one step, as in `torch.optim.SGD`.
struct SgdStep {
  float learning_rate;
  float momentum;
  float weight_decay;
  bool nesterov;
};

/// Gradient sums to be added up pairwise, always in the same tree.
using GradientSlots = std::span<const Gradients* const>;

/// Groups' gradients go to at most this many sums.
inline constexpr std::size_t kMaxSlots = 16;

/// Units of `Kernels::update`: conv1, conv2's 20 output channels, fc1's 50 units, the rest.
inline constexpr std::size_t kUpdateUnits = 1 + kConv2Channels + kHidden + 1;

/// The arithmetic of one instruction set. Backward kernels add to `Gradients`, except where the
/// group is the `first` of its sum: there they overwrite it.
struct Kernels {
  /// Normalised pixels of sixteen images, one per lane.
  void (*load_pixels)(const std::uint8_t* const* images, Workspace& work);
  /// pixels → pool1, route1: convolution (Winograd's F(4, 5) along x), max-pool, ReLU.
  void (*conv1_forward)(const PackedParameters& parameters, const KernelWeights& weights,
                        Workspace& work);
  /// pool1 → pool2, route2: the same with F(4×4, 5×5).
  void (*conv2_forward)(const PackedParameters& parameters, const KernelWeights& weights,
                        Workspace& work);
  /// pool2 → hidden: linear and ReLU.
  void (*fc1_forward)(const PackedParameters& parameters, Workspace& work);
  /// dropout, and hidden times it, for the images at the batch's places `place` and following.
  void (*dropout)(const DropoutMask& mask, std::uint32_t place, Workspace& work);
  /// hidden → logits.
  void (*fc2_forward)(const PackedParameters& parameters, Workspace& work);
  /// Transposes what the backward pass needs image by image: pool1, pool2, both routes.
  void (*transpose_activations)(Workspace& work);
  /// logits_gradient → fc2's gradients, hidden_gradient. `dropped` says whether `dropout` counts.
  void (*fc2_backward)(const PackedParameters& parameters, bool dropped, bool first,
                       Workspace& work, Gradients& gradients);
  /// hidden_gradient → fc1's gradients, pool2_gradient_rows.
  void (*fc1_backward)(const PackedParameters& parameters, std::size_t images, bool first,
                       Workspace& work, Gradients& gradients);
  /// pool2_gradient_rows of one image → pool1_gradient; enters the non-zero ones in the list.
  void (*conv2_backward_input)(const KernelWeights& weights, std::size_t image, Workspace& work);
  /// The list of non-zero gradients of the group → conv2's gradients.
  void (*conv2_backward_weights)(bool first, Workspace& work, Gradients& gradients);
  /// pool1_gradient of one image with these pixels → conv1's gradients.
  void (*conv1_backward)(const std::uint8_t* pixels, std::size_t image, bool first, Workspace& work,
                         Gradients& gradients);
  /// One unit of the optimiser step, and what the kernels derive from the new parameters.
  void (*update)(std::size_t unit, GradientSlots slots, const SgdStep& step,
                 PackedParameters& parameters, PackedParameters& momentum, KernelWeights& weights);
  /// The derived weights of all parameters.
  void (*derive)(const PackedParameters& parameters, KernelWeights& weights);
};

/// The kernels of `isa`, which this machine must have.
Kernels make_kernels(Isa isa);

}  // namespace fmnist
