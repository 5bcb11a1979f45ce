#pragma once

#include <torch/torch.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "fmnist/data/split.h"

namespace fmnist {

/// Which examples make a batch. What LibTorch's samplers draw converts to it; a slice of an order
/// that lies on the data set's device saves the transfer.
struct BatchIndices {
  BatchIndices(const std::vector<std::size_t>& indices);               // NOLINT: converts
  BatchIndices(torch::Tensor indices) : tensor(std::move(indices)) {}  // NOLINT: converts

  /// How many, as `torch::data` asks it.
  std::size_t size() const { return static_cast<std::size_t>(tensor.size(0)); }

  torch::Tensor tensor;  // int64 [N]
};

/// Fashion-MNIST as a LibTorch data set: pixels stay resident as uint8 on `device`; a batch is
/// gathered and normalised there. Works with `torch::data::make_data_loader`, without a `Stack`
/// transform: a batch is one `Example` of images float [N, 1, 28, 28] and labels int64 [N].
class FashionMnist
    : public torch::data::datasets::BatchDataset<FashionMnist, torch::data::Example<>,
                                                 BatchIndices> {
 public:
  /// On the CPU the pixels are not copied: `split` must outlive the data set.
  explicit FashionMnist(const Split& split, torch::Device device = torch::kCPU);

  torch::data::Example<> get_batch(BatchIndices indices) override;

  std::optional<std::size_t> size() const override;

 private:
  torch::Tensor pixels_;  // uint8 [n, 1, 28, 28]
  torch::Tensor labels_;  // int64 [n]
};

/// Draws the examples in a given order, a slice of `order` (int64 [n], on any device) per batch.
class OrderSampler : public torch::data::samplers::Sampler<BatchIndices> {
 public:
  explicit OrderSampler(torch::Tensor order) : order_(std::move(order)) {}

  /// Back to the beginning; the order, and with it its size, stays.
  void reset(std::optional<std::size_t> new_size = std::nullopt) override;

  /// The next `batch_size` places of the order, fewer at its end, then none.
  std::optional<BatchIndices> next(std::size_t batch_size) override;

  void save(torch::serialize::OutputArchive& archive) const override;
  void load(torch::serialize::InputArchive& archive) override;

 private:
  torch::Tensor order_;
  std::int64_t next_ = 0;
};

/// `(pixel / 255 - mean) / std` of images uint8 [N, 1, 28, 28] as float, with the same roundings as
/// torchvision's ToTensor and Normalize.
torch::Tensor normalise(const torch::Tensor& pixels);

}  // namespace fmnist
