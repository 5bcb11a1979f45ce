#pragma once

#include <torch/torch.h>

#include <utility>

namespace fmnist {

/// `torch::nn::Dropout` that can be told which units to drop. LibTorch draws that from the one
/// generator of the whole process; a run that is to be repeated or resumed gives it instead.
class ReplayableDropoutImpl : public torch::nn::Module {
 public:
  explicit ReplayableDropoutImpl(double probability) : probability_(probability) {}

  /// Makes `factors` (of the input's shape: 0, or 1 / (1 - probability)) those of the coming
  /// passes in training mode; an undefined tensor: LibTorch draws again.
  void replay(torch::Tensor factors) { factors_ = std::move(factors); }

  torch::Tensor forward(const torch::Tensor& input);

 private:
  double probability_;
  torch::Tensor factors_;
};
TORCH_MODULE(ReplayableDropout);

/// The book's network: two convolutions and two linear layers; 21,840 parameters, named and
/// initialised as in Python.
class CnnImpl : public torch::nn::Module {
 public:
  explicit CnnImpl(double dropout_probability = 0.5);

  /// Logits [N, 10] of normalised images [N, 1, 28, 28].
  torch::Tensor forward(torch::Tensor x);

  torch::nn::Conv2d conv1, conv2;
  torch::nn::Linear fc1, fc2;
  ReplayableDropout dropout;
};
TORCH_MODULE(Cnn);

}  // namespace fmnist
