#include "engine/fused/reference_network.h"

#include <algorithm>
#include <cmath>

namespace fmnist {
namespace {

std::vector<double> relu(std::vector<double> values) {
  for (double& value : values) value = value > 0.0 ? value : 0.0;
  return values;
}

/// Gradients of weight, bias and (unless null) input from those of the pooled outputs.
void layer_backward(const ReferenceLayer& layer, const std::vector<double>& input,
                    std::size_t channels, std::size_t side, const double* weight,
                    std::size_t outputs, const std::vector<double>& pooled_gradient,
                    double* weight_gradient, double* bias_gradient,
                    std::vector<double>* input_gradient) {
  const std::size_t out_side = side - kKernelSide + 1;
  const std::size_t units = out_side * out_side / 4;
  for (std::size_t unit = 0; unit < outputs * units; ++unit) {
    if (!(layer.pooled[unit] > 0.0)) continue;
    const double g = pooled_gradient[unit];
    const std::size_t out = unit / units;
    const std::size_t y = layer.winners[unit] / out_side % out_side;
    const std::size_t x = layer.winners[unit] % out_side;
    bias_gradient[out] += g;
    for (std::size_t in = 0; in < channels; ++in) {
      for (std::size_t tap = 0; tap < kTaps; ++tap) {
        const std::size_t w = (out * channels + in) * kTaps + tap;
        const std::size_t i = (in * side + y + tap / kKernelSide) * side + x + tap % kKernelSide;
        weight_gradient[w] += g * input[i];
        if (input_gradient != nullptr) (*input_gradient)[i] += g * weight[w];
      }
    }
  }
}

/// The entries of a layer's pool window but its winner: indices into `outputs`.
std::array<std::size_t, 3> others(std::size_t winner, std::size_t out_side) {
  const std::size_t y = winner / out_side % out_side % 2;
  const std::size_t x = winner % 2;  // out_side is even
  const std::size_t beside = x == 0 ? winner + 1 : winner - 1;
  const auto across = [&](std::size_t i) { return y == 0 ? i + out_side : i - out_side; };
  return {beside, across(winner), across(beside)};
}

}  // namespace

ReferenceLayer reference_layer(std::span<const double> input, std::size_t channels,
                               std::size_t side, const double* weight, const double* bias,
                               std::size_t outputs) {
  const std::size_t out_side = side - kKernelSide + 1;
  ReferenceLayer layer;
  for (std::size_t out = 0; out < outputs; ++out) {
    layer.outputs.resize((out + 1) * out_side * out_side, bias[out]);
    for (std::size_t i = 0; i < channels * kTaps; ++i) {
      const double w = weight[out * channels * kTaps + i];
      const std::size_t ky = i % kTaps / kKernelSide;
      const std::size_t kx = i % kKernelSide;
      for (std::size_t y = 0; y < out_side; ++y) {
        const double* const from = &input[(i / kTaps * side + y + ky) * side + kx];
        double* const to = &layer.outputs[(out * out_side + y) * out_side];
        for (std::size_t x = 0; x < out_side; ++x) to[x] += w * from[x];
      }
    }
    for (std::size_t y = 0; y < out_side; y += 2) {
      for (std::size_t x = 0; x < out_side; x += 2) {
        const std::size_t corner = (out * out_side + y) * out_side + x;
        std::size_t winner = corner;
        for (const std::size_t other : {corner + 1, corner + out_side, corner + out_side + 1}) {
          if (layer.outputs[other] > layer.outputs[winner]) winner = other;
        }
        layer.winners.push_back(winner);
        layer.pooled.push_back(layer.outputs[winner]);
      }
    }
  }
  return layer;
}

std::vector<double> ReferenceNetwork::logits(std::span<const std::uint8_t> image,
                                             const DropoutFactors& factors) {
  input_.clear();
  for (const std::uint8_t pixel : image) input_.push_back((pixel / 255.0 - kPixelMean) / kPixelStd);
  layer1_ = reference_layer(input_, 1, kImageSide, tensor(kConv1Weight), tensor(kConv1Bias),
                            kConv1Channels);
  pool1_ = relu(layer1_.pooled);
  layer2_ = reference_layer(pool1_, kConv1Channels, kPool1Side, tensor(kConv2Weight),
                            tensor(kConv2Bias), kConv2Channels);
  pool2_ = relu(layer2_.pooled);
  hidden_.assign(tensor(kFc1Bias), tensor(kFc1Bias) + kHidden);
  for (std::size_t unit = 0; unit < kHidden; ++unit) {
    for (std::size_t i = 0; i < kFeatures; ++i) {
      hidden_[unit] += tensor(kFc1Weight)[unit * kFeatures + i] * pool2_[i];
    }
  }
  dropped_ = relu(hidden_);
  for (std::size_t unit = 0; unit < kHidden; ++unit) dropped_[unit] *= factors[unit];
  logits_.assign(tensor(kFc2Bias), tensor(kFc2Bias) + kClassCount);
  for (std::size_t c = 0; c < kClassCount; ++c) {
    for (std::size_t unit = 0; unit < kHidden; ++unit) {
      logits_[c] += tensor(kFc2Weight)[c * kHidden + unit] * dropped_[unit];
    }
  }
  return logits_;
}

/// A bound of float rounding's errors in an output of a layer: ten standard deviations of those
/// of the fused engine's Winograd convolutions, which are several times those of direct sums.
double ReferenceNetwork::rounding(std::size_t weight, std::size_t output,
                                  const std::vector<double>& input) const {
  const std::size_t fan_in = kParameters[weight].size / kParameters[weight + 1].size;
  double weights = 0.0;
  for (std::size_t i = 0; i < fan_in; ++i) weights += std::abs(tensor(weight)[output * fan_in + i]);
  const double largest = std::abs(*std::max_element(
      input.begin(), input.end(), [](double a, double b) { return std::abs(a) < std::abs(b); }));
  return 2e-7 * weights * largest;
}

/// Whether two of conv1's outputs, of whatever channels, see the same pixels.
bool ReferenceNetwork::see_same_pixels(std::size_t a, std::size_t b) const {
  const auto corner = [](std::size_t output) {
    return output / kConv1Side % kConv1Side * kImageSide + output % kConv1Side;
  };
  for (std::size_t y = 0; y < kKernelSide; ++y) {
    const auto row_a = input_.begin() + static_cast<std::ptrdiff_t>(corner(a) + y * kImageSide);
    const auto row_b = input_.begin() + static_cast<std::ptrdiff_t>(corner(b) + y * kImageSide);
    if (!std::equal(row_a, row_a + kKernelSide, row_b)) return false;
  }
  return true;
}

/// Whether two of conv2's outputs, of whatever channels, see the same: pooled pixels that are zero,
/// or that come from the same pixels.
bool ReferenceNetwork::see_same_pool1(std::size_t a, std::size_t b) const {
  const auto corner = [](std::size_t output) {
    return output / kConv2Side % kConv2Side * kPool1Side + output % kConv2Side;
  };
  for (std::size_t i = 0; i < kConv1Channels * kTaps; ++i) {
    const std::size_t offset =
        (i / kTaps * kPool1Side + i % kTaps / kKernelSide) * kPool1Side + i % kKernelSide;
    const std::size_t from_a = corner(a) + offset;
    const std::size_t from_b = corner(b) + offset;
    if (pool1_[from_a] == 0.0 && pool1_[from_b] == 0.0) continue;
    if (pool1_[from_a] == 0.0 || pool1_[from_b] == 0.0) return false;
    if (!see_same_pixels(layer1_.winners[from_a], layer1_.winners[from_b])) return false;
  }
  return true;
}

bool ReferenceNetwork::is_near_tie() const {
  const auto layer_is = [](const ReferenceLayer& layer, std::size_t channel, std::size_t out_side,
                           double error, const auto& see_the_same) {
    const std::size_t units = out_side * out_side / 4;
    for (std::size_t unit = channel * units; unit < (channel + 1) * units; ++unit) {
      const double largest = layer.pooled[unit];
      if (largest < -error) continue;  // no gradient, whichever it is
      if (largest <= error) return true;
      for (const std::size_t other : others(layer.winners[unit], out_side)) {
        if (largest - layer.outputs[other] <= error && !see_the_same(layer.winners[unit], other)) {
          return true;
        }
      }
    }
    return false;
  };
  for (std::size_t c = 0; c < kConv1Channels; ++c) {
    if (layer_is(layer1_, c, kConv1Side, rounding(kConv1Weight, c, input_),
                 [&](std::size_t a, std::size_t b) { return see_same_pixels(a, b); })) {
      return true;
    }
  }
  for (std::size_t c = 0; c < kConv2Channels; ++c) {
    if (layer_is(layer2_, c, kConv2Side, rounding(kConv2Weight, c, pool1_),
                 [&](std::size_t a, std::size_t b) { return see_same_pool1(a, b); })) {
      return true;
    }
  }
  for (std::size_t unit = 0; unit < kHidden; ++unit) {
    if (std::abs(hidden_[unit]) <= rounding(kFc1Weight, unit, pool2_)) return true;
  }
  return false;
}

double ReferenceNetwork::backward(std::size_t label, double label_smoothing, double scale,
                                  const DropoutFactors& factors) {
  const double largest = *std::max_element(logits_.begin(), logits_.end());
  double sum = 0.0;
  for (const double logit : logits_) sum += std::exp(logit - largest);
  double loss = 0.0;
  std::vector<double> hidden_gradient(kHidden);
  for (std::size_t c = 0; c < kClassCount; ++c) {
    const double log_probability = logits_[c] - largest - std::log(sum);
    const double target =
        (c == label ? 1.0 - label_smoothing : 0.0) + label_smoothing / double{kClassCount};
    loss -= target * log_probability;
    const double g = scale * (std::exp(log_probability) - target);
    gradient(kFc2Bias)[c] += g;
    for (std::size_t unit = 0; unit < kHidden; ++unit) {
      gradient(kFc2Weight)[c * kHidden + unit] += g * dropped_[unit];
      hidden_gradient[unit] += g * tensor(kFc2Weight)[c * kHidden + unit];
    }
  }
  std::vector<double> pool2_gradient(kFeatures);
  for (std::size_t unit = 0; unit < kHidden; ++unit) {
    if (!(hidden_[unit] > 0.0)) continue;
    const double g = hidden_gradient[unit] * factors[unit];
    gradient(kFc1Bias)[unit] += g;
    for (std::size_t i = 0; i < kFeatures; ++i) {
      gradient(kFc1Weight)[unit * kFeatures + i] += g * pool2_[i];
      pool2_gradient[i] += g * tensor(kFc1Weight)[unit * kFeatures + i];
    }
  }
  std::vector<double> pool1_gradient(pool1_.size());
  layer_backward(layer2_, pool1_, kConv1Channels, kPool1Side, tensor(kConv2Weight), kConv2Channels,
                 pool2_gradient, gradient(kConv2Weight), gradient(kConv2Bias), &pool1_gradient);
  layer_backward(layer1_, input_, 1, kImageSide, tensor(kConv1Weight), kConv1Channels,
                 pool1_gradient, gradient(kConv1Weight), gradient(kConv1Bias), nullptr);
  return loss;
}

}  // namespace fmnist
