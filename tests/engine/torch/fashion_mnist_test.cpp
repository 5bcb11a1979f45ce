#include "fmnist/engine/torch/fashion_mnist.h"

#include <gtest/gtest.h>

#include <sstream>

#include "fmnist/engine/torch/cnn.h"
#include "support/idx_writer.h"

namespace fmnist {
namespace {

TEST(FashionMnistTest, ABatchIsGatheredAndNormalised) {
  const Split split = learnable_split(20, 1);
  FashionMnist dataset(split);
  const auto batch = dataset.get_batch(torch::tensor({7, 3}, torch::kLong));
  ASSERT_EQ(batch.data.sizes(), (std::vector<std::int64_t>{2, 1, 28, 28}));
  ASSERT_EQ(batch.data.scalar_type(), torch::kFloat);
  EXPECT_EQ(batch.target[0].item<std::int64_t>(), split.labels[7]);
  EXPECT_EQ(batch.target[1].item<std::int64_t>(), split.labels[3]);
  for (const std::int64_t pixel : {0, 100, 400, 783}) {
    const float raw = static_cast<float>(split.image(3)[static_cast<std::size_t>(pixel)]);
    const float expected = (raw / 255.0f - 0.1307f) / 0.3081f;
    EXPECT_FLOAT_EQ(batch.data[1].flatten()[pixel].item<float>(), expected);
  }
}

/// The next batch's places.
std::vector<std::int64_t> places(OrderSampler& sampler, std::size_t batch_size) {
  const auto batch = sampler.next(batch_size);
  if (!batch) return {};
  const auto* const first = batch->tensor.const_data_ptr<std::int64_t>();
  return {first, first + batch->size()};
}

TEST(OrderSamplerTest, GivesTheOrderInBatchesAndThenNothingUntilItIsReset) {
  OrderSampler sampler(torch::tensor({4, 2, 0, 1, 3}, torch::kLong));
  for (int epoch = 0; epoch < 2; ++epoch) {
    EXPECT_EQ(places(sampler, 2), (std::vector<std::int64_t>{4, 2}));
    EXPECT_EQ(places(sampler, 2), (std::vector<std::int64_t>{0, 1}));
    EXPECT_EQ(places(sampler, 2), (std::vector<std::int64_t>{3}));
    EXPECT_FALSE(sampler.next(2));
    sampler.reset();
  }
}

TEST(OrderSamplerTest, GoesOnWhereItWasSaved) {
  const auto order = torch::tensor({4, 2, 0, 1, 3}, torch::kLong);
  OrderSampler saved(order);
  saved.next(2);
  std::stringstream file;
  {
    torch::serialize::OutputArchive archive;
    saved.save(archive);
    archive.save_to(file);
  }
  OrderSampler loaded(order);
  torch::serialize::InputArchive archive;
  archive.load_from(file);
  loaded.load(archive);
  EXPECT_EQ(places(loaded, 9), (std::vector<std::int64_t>{0, 1, 3}));
}

TEST(FashionMnistTest, ADataLoaderGivesTheBatchesOfAnOrder) {
  const Split split = learnable_split(5, 1);
  auto loader = torch::data::make_data_loader(FashionMnist(split),
                                              OrderSampler(torch::tensor({4, 2, 0}, torch::kLong)),
                                              torch::data::DataLoaderOptions(2));
  std::vector<std::int64_t> labels;
  for (const auto& batch : *loader) {
    EXPECT_EQ(batch.data.size(0), batch.target.size(0));
    for (std::int64_t i = 0; i < batch.target.size(0); ++i)
      labels.push_back(batch.target[i].item<std::int64_t>());
  }
  EXPECT_EQ(labels, (std::vector<std::int64_t>{split.labels[4], split.labels[2], split.labels[0]}));
}

TEST(FashionMnistTest, ADataLoaderTrainsWithIt) {
  const Split split = learnable_split(256, 2);
  auto loader = torch::data::make_data_loader<torch::data::samplers::RandomSampler>(
      FashionMnist(split), torch::data::DataLoaderOptions().batch_size(32));
  torch::manual_seed(0);
  Cnn network;
  torch::optim::SGD optimizer(network->parameters(), torch::optim::SGDOptions(0.05).momentum(0.5));
  double first = 0.0;
  double last = 0.0;
  std::size_t images = 0;
  for (int epoch = 0; epoch < 4; ++epoch) {
    for (const auto& batch : *loader) {
      optimizer.zero_grad();
      const auto loss =
          torch::nn::functional::cross_entropy(network->forward(batch.data), batch.target);
      loss.backward();
      optimizer.step();
      images += static_cast<std::size_t>(batch.target.size(0));
      last = loss.item<double>();
      if (images == 32) first = last;
    }
  }
  EXPECT_EQ(images, 4u * 256u);
  EXPECT_LT(last, 0.5 * first);
}

}  // namespace
}  // namespace fmnist
