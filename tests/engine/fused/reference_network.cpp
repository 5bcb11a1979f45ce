#include "engine/fused/reference_network.h"

#include <algorithm>
#include <cmath>

#include "fmnist/data/split.h"

namespace fmnist {
namespace {

double relu(double value) { return value > 0.0 ? value : 0.0; }

/// Gradients of weight, bias and (unless null) input from those of the pooled outputs.
void convolve_pool_backward(const std::vector<double>& input, std::size_t channels,
                            std::size_t side, const double* weight, std::size_t outputs,
                            const std::vector<double>& pooled,
                            const std::vector<std::size_t>& winners,
                            const std::vector<double>& pooled_gradient, double* weight_gradient,
                            double* bias_gradient, std::vector<double>* input_gradient) {
  const std::size_t out_side = side - 4;
  const std::size_t units = out_side * out_side / 4;
  for (std::size_t unit = 0; unit < outputs * units; ++unit) {
    if (!(pooled[unit] > 0.0)) continue;
    const double g = pooled_gradient[unit];
    const std::size_t out = unit / units;
    const std::size_t y = winners[unit] / out_side % out_side;
    const std::size_t x = winners[unit] % out_side;
    bias_gradient[out] += g;
    for (std::size_t in = 0; in < channels; ++in) {
      for (std::size_t ky = 0; ky < 5; ++ky) {
        for (std::size_t kx = 0; kx < 5; ++kx) {
          const std::size_t w = ((out * channels + in) * 5 + ky) * 5 + kx;
          const std::size_t i = (in * side + y + ky) * side + x + kx;
          weight_gradient[w] += g * input[i];
          if (input_gradient != nullptr) (*input_gradient)[i] += g * weight[w];
        }
      }
    }
  }
}

}  // namespace

std::vector<double> reference_convolve(std::span<const double> input, std::size_t channels,
                                       std::size_t side, const double* weight, const double* bias,
                                       std::size_t outputs) {
  const std::size_t out_side = side - 4;
  std::vector<double> output(outputs * out_side * out_side);
  for (std::size_t i = 0; i < output.size(); ++i) {
    const std::size_t out = i / (out_side * out_side);
    const std::size_t y = i / out_side % out_side;
    const std::size_t x = i % out_side;
    output[i] = bias[out];
    for (std::size_t in = 0; in < channels; ++in) {
      for (std::size_t ky = 0; ky < 5; ++ky) {
        for (std::size_t kx = 0; kx < 5; ++kx) {
          output[i] += weight[((out * channels + in) * 5 + ky) * 5 + kx] *
                       input[(in * side + y + ky) * side + x + kx];
        }
      }
    }
  }
  return output;
}

void reference_convolve_pool(std::span<const double> input, std::size_t channels, std::size_t side,
                             const double* weight, const double* bias, std::size_t outputs,
                             std::vector<double>& pooled, std::vector<std::size_t>& winners) {
  const std::size_t out_side = side - 4;
  const auto output = reference_convolve(input, channels, side, weight, bias, outputs);
  pooled.clear();
  winners.clear();
  for (std::size_t out = 0; out < outputs; ++out) {
    for (std::size_t y = 0; y < out_side; y += 2) {
      for (std::size_t x = 0; x < out_side; x += 2) {
        const std::size_t corner = (out * out_side + y) * out_side + x;
        std::size_t winner = corner;
        for (const std::size_t other : {corner + 1, corner + out_side, corner + out_side + 1}) {
          if (output[other] > output[winner]) winner = other;
        }
        winners.push_back(winner);
        pooled.push_back(output[winner]);
      }
    }
  }
}

std::vector<double> ReferenceNetwork::logits(std::span<const std::uint8_t> image,
                                             const DropoutFactors& factors) {
  input_.clear();
  for (const std::uint8_t pixel : image) input_.push_back((pixel / 255.0 - kPixelMean) / kPixelStd);
  reference_convolve_pool(input_, 1, 28, tensor(0), tensor(1), 10, pool1_, route1_);
  std::transform(pool1_.begin(), pool1_.end(), pool1_.begin(), relu);
  reference_convolve_pool(pool1_, 10, 12, tensor(2), tensor(3), 20, pool2_, route2_);
  std::transform(pool2_.begin(), pool2_.end(), pool2_.begin(), relu);
  hidden_.assign(kReferenceHidden, 0.0);
  dropped_.assign(kReferenceHidden, 0.0);
  for (std::size_t unit = 0; unit < kReferenceHidden; ++unit) {
    double sum = tensor(5)[unit];
    for (std::size_t i = 0; i < pool2_.size(); ++i) {
      sum += tensor(4)[unit * pool2_.size() + i] * pool2_[i];
    }
    hidden_[unit] = relu(sum);
    dropped_[unit] = hidden_[unit] * factors[unit];
  }
  std::vector<double> result(tensor(7), tensor(7) + kClassCount);
  for (std::size_t c = 0; c < kClassCount; ++c) {
    for (std::size_t unit = 0; unit < kReferenceHidden; ++unit) {
      result[c] += tensor(6)[c * kReferenceHidden + unit] * dropped_[unit];
    }
  }
  return result;
}

double ReferenceNetwork::backward(std::span<const std::uint8_t> image, std::size_t label,
                                  double label_smoothing, double scale,
                                  const DropoutFactors& factors) {
  const std::vector<double> outputs = logits(image, factors);
  double sum = 0.0;
  for (const double logit : outputs) sum += std::exp(logit);
  double loss = 0.0;
  std::vector<double> hidden_gradient(kReferenceHidden);
  for (std::size_t c = 0; c < kClassCount; ++c) {
    const double log_probability = outputs[c] - std::log(sum);
    const double target =
        (c == label ? 1.0 - label_smoothing : 0.0) + label_smoothing / double{kClassCount};
    loss -= target * log_probability;
    const double g = scale * (std::exp(log_probability) - target);
    gradient(7)[c] += g;
    for (std::size_t unit = 0; unit < kReferenceHidden; ++unit) {
      gradient(6)[c * kReferenceHidden + unit] += g * dropped_[unit];
      hidden_gradient[unit] += g * tensor(6)[c * kReferenceHidden + unit];
    }
  }
  std::vector<double> pool2_gradient(pool2_.size());
  for (std::size_t unit = 0; unit < kReferenceHidden; ++unit) {
    if (!(hidden_[unit] > 0.0)) continue;
    const double g = hidden_gradient[unit] * factors[unit];
    gradient(5)[unit] += g;
    for (std::size_t i = 0; i < pool2_.size(); ++i) {
      gradient(4)[unit * pool2_.size() + i] += g * pool2_[i];
      pool2_gradient[i] += g * tensor(4)[unit * pool2_.size() + i];
    }
  }
  std::vector<double> pool1_gradient(pool1_.size());
  convolve_pool_backward(pool1_, 10, 12, tensor(2), 20, pool2_, route2_, pool2_gradient,
                         gradient(2), gradient(3), &pool1_gradient);
  convolve_pool_backward(input_, 1, 28, tensor(0), 10, pool1_, route1_, pool1_gradient, gradient(0),
                         gradient(1), nullptr);
  return loss;
}

}  // namespace fmnist
