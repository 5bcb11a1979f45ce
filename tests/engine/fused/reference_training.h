#pragma once

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "engine/fused/reference_network.h"
#include "fmnist/core/dropout.h"
#include "fmnist/data/split.h"
#include "fmnist/engine/engine.h"

namespace fmnist {

/// The share of the images that may be left out of a comparison of engines: more would mean that it
/// says little.
inline constexpr double kMostLeftOut = 0.1;

/// The images 0, 1, 2 … as an epoch's order.
inline std::vector<std::uint32_t> in_order(std::size_t count) {
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0U);
  return order;
}

/// Dropout's factors for the image at a place in its batch.
inline DropoutFactors dropout_factors(const Config& options, std::uint64_t step,
                                      std::size_t place) {
  DropoutFactors factors;
  std::ranges::copy(
      dropout_mask(options.dropout, options.seed, step).factors(static_cast<std::uint32_t>(place)),
      factors.begin());
  return factors;
}

/// The reference network in training on a split's images, in their order. Images at which it is
/// near a tie are left out, since there engines may rightly differ: they are compared over `order`.
class ReferenceTraining {
 public:
  ReferenceTraining(const Config& options, const Split& images, const Parameters& initial,
                    std::size_t first = 0)
      : network(initial),
        momentum(kParameterCount),
        options_(options),
        images_(images),
        next_(first) {}

  /// An optimiser update with the mean loss over the next `count` images that are used; returns
  /// the sum of their losses. Its gradients stay in `network`.
  double train_step(std::size_t count, double learning_rate, std::uint64_t step) {
    std::fill(network.gradients.begin(), network.gradients.end(), 0.0);
    double loss = 0.0;
    for (std::size_t place = 0; place < count; ++next_) {
      if (next_ == images_.size()) throw std::out_of_range("too many images are left out");
      const DropoutFactors factors = dropout_factors(options_, step, place);
      network.logits(images_.image(next_), factors);
      if (network.is_near_tie()) {
        ++left_out;
        continue;
      }
      loss += network.backward(images_.labels[next_], options_.label_smoothing,
                               1.0 / static_cast<double>(count), factors);
      order.push_back(static_cast<std::uint32_t>(next_));
      ++place;
    }
    for (std::size_t i = 0; i < kParameterCount; ++i) {
      const double g = network.gradients[i] + options_.weight_decay * network.parameters[i];
      momentum[i] = options_.momentum * momentum[i] + g;
      network.parameters[i] -=
          learning_rate * (options_.nesterov ? g + options_.momentum * momentum[i] : momentum[i]);
    }
    return loss;
  }

  /// Images left out, as a share of those looked at.
  double share_left_out() const {
    return static_cast<double>(left_out) / static_cast<double>(left_out + order.size());
  }

  ReferenceNetwork network;
  std::vector<double> momentum;
  std::vector<std::uint32_t> order;  // the images used so far
  std::size_t left_out = 0;

 private:
  const Config options_;
  const Split& images_;
  std::size_t next_;
};

}  // namespace fmnist
