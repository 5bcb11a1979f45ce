#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <span>
#include <vector>

#include "fmnist/core/parameters.h"

namespace fmnist {

/// A view of `images` [n, 28, 28] as uint8 [n, 1, 28, 28], which is only to be read.
torch::Tensor as_tensor(std::span<const std::uint8_t> images);

/// Copies the values into eight tensors in the order of `kParameters`, on whatever device they are.
void copy_parameters(const Parameters& parameters, const std::vector<torch::Tensor>& tensors);

/// The eight tensors (in that order, any device) as one value.
Parameters to_parameters(const std::vector<torch::Tensor>& tensors);

}  // namespace fmnist
