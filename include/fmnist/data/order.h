#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace fmnist {

/// Indices into the training file: which images train and which are held out for validation.
struct Partition {
  std::vector<std::uint32_t> train;
  std::vector<std::uint32_t> val;
};

/// Holds out `val_count` of the images for validation, each class in proportion to its share
/// (largest remainders, lower labels first on a tie), as a pure function of labels, count and seed;
/// of the rest the first `train_limit` (all when 0) train. Both lists are ascending.
/// Throws `Error` (kUsage) when nothing is left to train on.
Partition partition(std::span<const std::uint8_t> labels, std::size_t val_count,
                    std::size_t train_limit, std::uint64_t seed);

/// `indices` shuffled for `epoch` (1, 2, …): Fisher-Yates with counter-based random numbers, a pure
/// function of (indices, seed, epoch).
std::vector<std::uint32_t> epoch_order(std::span<const std::uint32_t> indices, std::uint64_t seed,
                                       std::uint32_t epoch);

}  // namespace fmnist
