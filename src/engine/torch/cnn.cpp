#include "engine/torch/cnn.h"

#include <algorithm>
#include <mutex>

#include "fmnist/engine/torch/torch_engine.h"

namespace fmnist {

// The order of construction decides which random numbers initialise which layer.
CnnImpl::CnnImpl()
    : conv1_(register_module("conv1", torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 10, 5)))),
      conv2_(register_module("conv2", torch::nn::Conv2d(torch::nn::Conv2dOptions(10, 20, 5)))),
      fc1_(register_module("fc1", torch::nn::Linear(320, 50))),
      fc2_(register_module("fc2", torch::nn::Linear(50, 10))) {}

torch::Tensor CnnImpl::forward(const torch::Tensor& images, const Dropout& dropout) {
  auto features = torch::relu(torch::max_pool2d(conv1_(images), 2));  // [N, 10, 12, 12]
  features = torch::relu(torch::max_pool2d(conv2_(features), 2));     // [N, 20, 4, 4]
  const auto hidden = torch::relu(fc1_(features.view({-1, 320})));    // [N, 50]
  return fc2_(dropout ? dropout(hidden) : hidden);                    // [N, 10]
}

torch::Tensor CnnImpl::forward(const torch::Tensor& images) { return forward(images, nullptr); }

void load_parameters(Cnn& network, const Parameters& parameters) {
  const torch::NoGradGuard no_grad;
  auto tensors = network->parameters();
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto values = parameters.tensor(i);
    // from_blob takes a pointer to non-const; the values are only read.
    tensors[i].copy_(torch::from_blob(const_cast<float*>(values.data()), tensors[i].sizes()));
  }
}

Parameters to_parameters(const std::vector<torch::Tensor>& tensors) {
  Parameters parameters;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (!tensors[i].defined()) continue;
    const auto host = tensors[i].detach().to(torch::kCPU).contiguous();
    std::copy_n(host.const_data_ptr<float>(), host.numel(), parameters.tensor(i).begin());
  }
  return parameters;
}

Parameters initial_parameters(std::uint64_t seed) {
  // The modules draw from LibTorch's global generator: one caller at a time.
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  torch::manual_seed(seed);
  return to_parameters(Cnn()->parameters());
}

}  // namespace fmnist
