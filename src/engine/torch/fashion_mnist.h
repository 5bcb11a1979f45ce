#pragma once

#include <torch/torch.h>

#include "fmnist/data/split.h"

namespace fmnist {

/// `(pixel / 255 - mean) / std` of images uint8 [N, 1, 28, 28] as float, with the same roundings as
/// torchvision's ToTensor and Normalize.
torch::Tensor normalise(const torch::Tensor& pixels);

/// Fashion-MNIST as a LibTorch data set: pixels stay resident as uint8 on `device`; a batch is
/// gathered and normalised there. Works with `torch::data::make_data_loader`, without a `Stack`
/// transform: a batch is one `Example` of images float [N, 1, 28, 28] and labels int64 [N].
class FashionMnist
    : public torch::data::datasets::BatchDataset<FashionMnist, torch::data::Example<>> {
 public:
  /// On the CPU the pixels are not copied: `split` must outlive the data set.
  explicit FashionMnist(const Split& split, torch::Device device = torch::kCPU);

  /// The examples at `indices`, for data loaders.
  torch::data::Example<> get_batch(c10::ArrayRef<std::size_t> indices) override;

  /// The examples at `indices` (int64 [N], on the data set's device): no transfer, no waiting.
  torch::data::Example<> get_batch(const torch::Tensor& indices) const;

  std::optional<std::size_t> size() const override;

 private:
  torch::Tensor pixels_;  // uint8 [n, 1, 28, 28]
  torch::Tensor labels_;  // int64 [n]
};

}  // namespace fmnist
