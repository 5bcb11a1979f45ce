#include "engine/torch/fashion_mnist.h"

#include <vector>

namespace fmnist {
namespace {

// from_blob takes a pointer to non-const; the bytes are only read.
torch::Tensor view_of(const std::vector<std::uint8_t>& bytes, at::IntArrayRef shape) {
  return torch::from_blob(const_cast<std::uint8_t*>(bytes.data()), shape, torch::kUInt8);
}

}  // namespace

torch::Tensor normalise(const torch::Tensor& pixels) {
  return pixels.to(torch::kFloat).div_(255).sub_(kPixelMean).div_(kPixelStd);
}

FashionMnist::FashionMnist(const Split& split, torch::Device device) {
  const auto count = static_cast<std::int64_t>(split.size());
  constexpr auto kSide = static_cast<std::int64_t>(kImageSide);
  pixels_ = view_of(split.images, {count, 1, kSide, kSide}).to(device);
  labels_ = view_of(split.labels, {count}).to(torch::kLong).to(device);
}

torch::data::Example<> FashionMnist::get_batch(c10::ArrayRef<std::size_t> indices) {
  const std::vector<std::int64_t> host(indices.begin(), indices.end());
  return get_batch(torch::tensor(host, torch::kLong).to(pixels_.device()));
}

torch::data::Example<> FashionMnist::get_batch(const torch::Tensor& indices) const {
  return {normalise(pixels_.index_select(0, indices)), labels_.index_select(0, indices)};
}

std::optional<std::size_t> FashionMnist::size() const {
  return static_cast<std::size_t>(labels_.size(0));
}

}  // namespace fmnist
