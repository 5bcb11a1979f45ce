#pragma once

#include <torch/torch.h>

#include <functional>

#include "fmnist/core/parameters.h"

namespace fmnist {

/// The book's network: two convolutions and two linear layers; 21,840 parameters.
class CnnImpl : public torch::nn::Module {
 public:
  /// What happens to the hidden units [N, 50] between the linear layers; identity in evaluation.
  using Dropout = std::function<torch::Tensor(const torch::Tensor&)>;

  CnnImpl();

  /// Logits [N, 10] of normalised images [N, 1, 28, 28].
  torch::Tensor forward(const torch::Tensor& images, const Dropout& dropout);

  /// `forward` without dropout.
  torch::Tensor forward(const torch::Tensor& images);

 private:
  torch::nn::Conv2d conv1_, conv2_;
  torch::nn::Linear fc1_, fc2_;
};
TORCH_MODULE(Cnn);

/// Copies the values into the network's parameters, on whatever device they are.
void load_parameters(Cnn& network, const Parameters& parameters);

/// The eight tensors (in the order of `kParameters`, any device) as one value; an undefined tensor
/// counts as zeros.
Parameters to_parameters(const std::vector<torch::Tensor>& tensors);

}  // namespace fmnist
