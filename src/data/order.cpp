#include "fmnist/data/order.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>
#include <utility>

#include "fmnist/core/error.h"
#include "fmnist/core/random.h"

namespace fmnist {
namespace {

constexpr std::size_t kBucketCount = std::numeric_limits<std::uint8_t>::max() + 1;

/// The images of one class, each with the random key that orders them for the draw.
using Bucket = std::vector<std::pair<std::uint64_t, std::uint32_t>>;

std::array<Bucket, kBucketCount> buckets_by_label(std::span<const std::uint8_t> labels,
                                                  std::uint64_t seed) {
  std::array<Bucket, kBucketCount> buckets;
  for (std::uint32_t index = 0; index < labels.size(); ++index) {
    buckets[labels[index]].emplace_back(random_bits(seed, Stream::kValSplit, 0, index), index);
  }
  return buckets;
}

/// How many of each bucket to hold out: `count` shared in proportion, largest remainders first.
std::array<std::size_t, kBucketCount> quotas(const std::array<Bucket, kBucketCount>& buckets,
                                             std::size_t total, std::size_t count) {
  std::array<std::size_t, kBucketCount> quota{};
  std::array<std::size_t, kBucketCount> remainder{};
  std::size_t assigned = 0;
  for (std::size_t label = 0; label < kBucketCount; ++label) {
    quota[label] = buckets[label].size() * count / total;
    remainder[label] = buckets[label].size() * count % total;
    assigned += quota[label];
  }
  std::array<std::size_t, kBucketCount> labels;
  std::iota(labels.begin(), labels.end(), std::size_t{0});
  std::stable_sort(labels.begin(), labels.end(),
                   [&](std::size_t a, std::size_t b) { return remainder[a] > remainder[b]; });
  for (std::size_t rank = 0; assigned < count; ++rank, ++assigned) ++quota[labels[rank]];
  return quota;
}

}  // namespace

Partition partition(std::span<const std::uint8_t> labels, std::size_t val_count,
                    std::size_t train_limit, std::uint64_t seed) {
  if (val_count >= labels.size()) {
    throw Error(ErrorKind::kUsage,
                fmt::format("--val-split {} leaves nothing to train on: there {} {} {}", val_count,
                            labels.size() == 1 ? "is" : "are", labels.size(),
                            labels.size() == 1 ? "image" : "images"),
                "hold out fewer images for validation");
  }
  auto buckets = buckets_by_label(labels, seed);
  const auto quota = quotas(buckets, labels.size(), val_count);

  Partition parts;
  std::vector<bool> held_out(labels.size());
  for (std::size_t label = 0; label < kBucketCount; ++label) {
    std::sort(buckets[label].begin(), buckets[label].end());
    for (std::size_t i = 0; i < quota[label]; ++i) held_out[buckets[label][i].second] = true;
  }
  for (std::uint32_t index = 0; index < labels.size(); ++index) {
    (held_out[index] ? parts.val : parts.train).push_back(index);
  }
  if (train_limit != 0 && train_limit < parts.train.size()) parts.train.resize(train_limit);
  return parts;
}

std::vector<std::uint32_t> epoch_order(std::span<const std::uint32_t> indices, std::uint64_t seed,
                                       std::uint32_t epoch) {
  std::vector<std::uint32_t> order(indices.begin(), indices.end());
  for (std::size_t remaining = order.size(); remaining > 1; --remaining) {
    const std::size_t position = remaining - 1;
    const auto other = bounded(random_bits(seed, Stream::kOrder, epoch, position), remaining);
    std::swap(order[position], order[other]);
  }
  return order;
}

}  // namespace fmnist
