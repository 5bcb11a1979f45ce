#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fmnist/core/network.h"
#include "fmnist/core/parameters.h"

namespace fmnist {

/// Dropout's factors for one image, all ones without dropout.
using DropoutFactors = std::array<double, kHidden>;

/// A convolution (valid, 5×5) and its 2×2 max-pool, before ReLU.
struct ReferenceLayer {
  std::vector<double> outputs;       // [out, side - 4, side - 4]
  std::vector<double> pooled;        // [out, (side - 4) / 2, (side - 4) / 2]
  std::vector<std::size_t> winners;  // where each pooled value stands in `outputs`
};

/// The layer over `input` [channels, side, side].
ReferenceLayer reference_layer(std::span<const double> input, std::size_t channels,
                               std::size_t side, const double* weight, const double* bias,
                               std::size_t outputs);

/// The network and its gradients in double, one image and one plain loop at a time: what the
/// kernels are held against.
class ReferenceNetwork {
 public:
  explicit ReferenceNetwork(const Parameters& initial)
      : parameters(initial.values.begin(), initial.values.end()), gradients(kParameterCount) {}

  /// Logits [10] of one image [28, 28].
  std::vector<double> logits(std::span<const std::uint8_t> image, const DropoutFactors& factors);

  /// Whether the network is so near to a point where it is not differentiable, at the image that
  /// `logits` saw last, that float rounding decides where a gradient goes: two largest entries of a
  /// pool window, or a ReLU's input and zero, differ by no more than rounding errors. Either
  /// decision is a valid subgradient. Entries that lead to the same gradients do not count:
  /// those that see the same pixels, and those that see nothing but zeros.
  bool is_near_tie() const;

  /// Adds `scale` × the gradients of the loss of the image that `logits` saw last; returns the
  /// loss.
  double backward(std::size_t label, double label_smoothing, double scale,
                  const DropoutFactors& factors);

  std::vector<double> parameters;  // in the order of `Parameters`
  std::vector<double> gradients;

 private:
  const double* tensor(std::size_t index) const {
    return parameters.data() + kParameters[index].offset;
  }
  double* gradient(std::size_t index) { return gradients.data() + kParameters[index].offset; }
  double rounding(std::size_t weight, std::size_t output, const std::vector<double>& input) const;
  bool see_same_pixels(std::size_t a, std::size_t b) const;
  bool see_same_pool1(std::size_t a, std::size_t b) const;

  // Of the last image.
  std::vector<double> input_, pool1_, pool2_, hidden_, dropped_, logits_;
  ReferenceLayer layer1_, layer2_;
};

}  // namespace fmnist
