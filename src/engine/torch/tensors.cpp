#include "engine/torch/tensors.h"

#include <algorithm>

#include "fmnist/core/network.h"

namespace fmnist {

torch::Tensor as_tensor(std::span<const std::uint8_t> images) {
  constexpr auto kSide = static_cast<std::int64_t>(kImageSide);
  const auto count = static_cast<std::int64_t>(images.size() / kImagePixels);
  // from_blob takes a pointer to non-const; the bytes are only read. So it is below.
  return torch::from_blob(const_cast<std::uint8_t*>(images.data()), {count, 1, kSide, kSide},
                          torch::kUInt8);
}

void copy_parameters(const Parameters& parameters, const std::vector<torch::Tensor>& tensors) {
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto values = parameters.tensor(i);
    tensors[i].copy_(torch::from_blob(const_cast<float*>(values.data()), tensors[i].sizes()));
  }
}

Parameters to_parameters(const std::vector<torch::Tensor>& tensors) {
  Parameters parameters;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto host = tensors[i].detach().to(torch::kCPU).contiguous();
    std::copy_n(host.const_data_ptr<float>(), host.numel(), parameters.tensor(i).begin());
  }
  return parameters;
}

}  // namespace fmnist
