#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fmnist/core/parameters.h"

namespace fmnist {

inline constexpr std::size_t kReferenceHidden = 50;

/// Dropout's factors for one image, all ones without dropout.
using DropoutFactors = std::array<double, kReferenceHidden>;

/// The network and its gradients in double, one image and one plain loop at a time: what the
/// kernels are held against.
class ReferenceNetwork {
 public:
  explicit ReferenceNetwork(const Parameters& initial)
      : parameters(initial.values.begin(), initial.values.end()), gradients(kParameterCount) {}

  /// Logits [10] of one image [28, 28].
  std::vector<double> logits(std::span<const std::uint8_t> image, const DropoutFactors& factors);

  /// Adds `scale` × the gradients of one image's loss; returns the loss.
  double backward(std::span<const std::uint8_t> image, std::size_t label, double label_smoothing,
                  double scale, const DropoutFactors& factors);

  std::vector<double> parameters;  // in the order of `Parameters`
  std::vector<double> gradients;

 private:
  const double* tensor(std::size_t index) const {
    return parameters.data() + kParameters[index].offset;
  }
  double* gradient(std::size_t index) { return gradients.data() + kParameters[index].offset; }

  // Of the last image.
  std::vector<double> input_, pool1_, pool2_, hidden_, dropped_;
  std::vector<std::size_t> route1_, route2_;  // index of the convolution output that won
};

/// Convolution (valid, 5×5): [out, side - 4, side - 4].
std::vector<double> reference_convolve(std::span<const double> input, std::size_t channels,
                                       std::size_t side, const double* weight, const double* bias,
                                       std::size_t outputs);

/// The same and 2×2 max-pool: `pooled` [out, side, side] and the index of each
/// winner in the convolution's output.
void reference_convolve_pool(std::span<const double> input, std::size_t channels, std::size_t side,
                             const double* weight, const double* bias, std::size_t outputs,
                             std::vector<double>& pooled, std::vector<std::size_t>& winners);

}  // namespace fmnist
