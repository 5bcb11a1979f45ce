#include "engine/torch/fashion_mnist.h"

#include <gtest/gtest.h>

#include "engine/torch/cnn.h"
#include "support/idx_writer.h"

namespace fmnist {
namespace {

TEST(FashionMnistTest, ABatchIsGatheredAndNormalised) {
  const Split split = learnable_split(20, 1);
  const FashionMnist dataset(split);
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
