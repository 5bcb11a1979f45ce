#include "support/fake_device.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "fmnist/engine/torch/torch_engine.h"

namespace fmnist {
namespace {

namespace nn = torch::nn;
using Counts = FakeDeviceCounts;

bool same_bits(const torch::Tensor& left, const torch::Tensor& right) {
  const auto a = left.detach().cpu().contiguous(), b = right.detach().cpu().contiguous();
  return a.sizes() == b.sizes() && a.dtype() == b.dtype() &&
         std::memcmp(a.const_data_ptr(), b.const_data_ptr(), a.nbytes()) == 0;
}

/// The sentence of the `c10::Error` that `action` must throw.
template <typename Action>
std::string refusal(Action&& action) {
  try {
    action();
  } catch (const c10::Error& error) {
    return error.what_without_backtrace();
  }
  ADD_FAILURE() << "nothing was refused";
  return {};
}

// --- The fake device by itself -------------------------------------------------------------------

/// Trains a small network for some steps on `device`; what it learnt and what it measured, and in
/// `counts` what the steps did beside computing.
std::vector<torch::Tensor> train_small_network(torch::Device device, Counts& counts) {
  at::set_num_threads(1);
  torch::manual_seed(5);
  nn::Sequential network(nn::Conv2d(nn::Conv2dOptions(1, 4, 5)), nn::MaxPool2d(2), nn::ReLU(),
                         nn::Flatten(), nn::Linear(4 * 12 * 12, 10));
  const auto pixels = torch::randint(256, {40, 1, 28, 28}, torch::kUInt8).to(device);
  const auto labels = torch::randint(10, {40}, torch::kLong).to(device);
  const auto order = torch::randperm(40, torch::kLong).to(device);
  network->to(device);
  torch::optim::SGD optimizer(network->parameters(), torch::optim::SGDOptions(0.05).momentum(0.9));
  auto generator = at::detail::createCPUGenerator();
  const auto correct = torch::zeros({}, torch::dtype(torch::kLong).device(device));
  torch::Tensor loss;

  reset_fake_device_counts();
  for (std::int64_t step = 0; step < 5; ++step) {
    generator.set_current_seed(static_cast<std::uint64_t>(step));
    const auto indices = order.narrow(0, step * 8, 8);
    const auto batch = pixels.index_select(0, indices).to(torch::kFloat).div_(255).sub_(0.1307);
    const auto target = labels.index_select(0, indices);
    const auto kept = torch::empty_like(batch).bernoulli_(0.5, generator);
    const auto logits = network->forward(batch * kept);
    loss = nn::functional::cross_entropy(
        logits, target, nn::functional::CrossEntropyFuncOptions().label_smoothing(0.1));
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    correct.add_(logits.detach().argmax(1).eq(target).sum());
  }
  counts = fake_device_counts();

  auto results = network->parameters();
  results.insert(results.end(), {loss, correct, torch::log_softmax(loss.expand({3}), 0)});
  return results;
}

TEST(FakeDevice, TrainsLikeTheCpuToTheBitWithoutCopyingOrReading) {
  Counts on_cpu, on_fake;
  const auto expected = train_small_network(torch::kCPU, on_cpu);
  const auto results = train_small_network(torch::Device(kFakeDevice), on_fake);
  ASSERT_EQ(results.size(), expected.size());
  for (std::size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(results[i].device(), torch::Device(kFakeDevice)) << i;
    EXPECT_TRUE(same_bits(results[i], expected[i])) << i;
  }
  EXPECT_EQ(on_cpu, Counts());
  EXPECT_GT(on_fake.device_to_device, 0);  // uint8 to float
  on_fake.device_to_device = 0;
  EXPECT_EQ(on_fake, Counts());
}

TEST(FakeDevice, CountsEveryCopyByItsDirection) {
  reset_fake_device_counts();
  const auto host = torch::arange(6, torch::kFloat).view({2, 3}).t();  // not contiguous
  const auto device = host.to(kFakeDevice);
  EXPECT_EQ(fake_device_counts(), (Counts{.host_to_device = 1}));
  const auto clone = device.clone();
  EXPECT_EQ(fake_device_counts(), (Counts{.host_to_device = 1, .device_to_device = 1}));
  EXPECT_TRUE(clone.cpu().equal(host));
  EXPECT_EQ(fake_device_counts(),
            (Counts{.host_to_device = 1, .device_to_host = 1, .device_to_device = 1}));
}

TEST(FakeDevice, CountsWhateverTheHostMustWaitFor) {
  const auto device = torch::arange(4, torch::device(torch::Device(kFakeDevice)));
  reset_fake_device_counts();
  EXPECT_EQ(device[3].item<std::int64_t>(), 3);
  EXPECT_TRUE(device.equal(device));
  EXPECT_EQ(device.nonzero().size(0), 3);
  EXPECT_EQ(fake_device_counts(), Counts{.scalar_reads = 3});
}

TEST(FakeDevice, ViewsShareTheirMemory) {
  const auto device = torch::zeros({2, 3}, torch::device(torch::Device(kFakeDevice)));
  device.view({6}).narrow(0, 4, 2).fill_(7);
  device.t().select(0, 0).add_(1);
  EXPECT_TRUE(device.view({6}).is_alias_of(device));
  EXPECT_TRUE(device.cpu().equal(torch::tensor({{1.F, 0.F, 0.F}, {1.F, 7.F, 7.F}})));
}

TEST(FakeDevice, RefusesOperationsOnTensorsOfBothDevices) {
  const auto host = torch::ones({4, 4});
  const auto device = host.to(kFakeDevice);
  const auto indices = torch::zeros({2}, torch::dtype(torch::kLong).device(kFakeDevice));
  reset_fake_device_counts();
  const auto expect_named = [](const std::string& name, const std::string& sentence) {
    EXPECT_NE(sentence.find("same device, but aten::" + name + " "), std::string::npos) << sentence;
  };
  expect_named("index_select", refusal([&] { host.index_select(0, indices); }));
  expect_named("mm", refusal([&] { device.mm(host); }));
  expect_named("cat", refusal([&] { torch::cat({device, host}); }));
  expect_named("where", refusal([&] { torch::where(device > 0, device, host); }));
  expect_named("mm", refusal([&] {
                 auto out = torch::empty({4, 4});
                 torch::mm_out(out, device, device);
               }));
  // LibTorch itself refuses these, for every device and without a name.
  for (const auto& sentence : {refusal([&] { device + host; }), refusal([&] { device.add_(host); }),
                               refusal([&] { torch::ones({}).add_(device.sum()); })}) {
    EXPECT_NE(sentence.find("same device, but found"), std::string::npos) << sentence;
  }
  // The book's script: the network is moved, the data is not.
  nn::Conv2d network(nn::Conv2dOptions(1, 4, 5));
  network->to(torch::Device(kFakeDevice));
  expect_named("convolution", refusal([&] { network(torch::ones({1, 1, 28, 28})); }));
  EXPECT_EQ(fake_device_counts(), Counts{.host_to_device = 2});  // the network's
}

TEST(FakeDevice, TakesNumbersAndScalarsOfTheCpu) {
  const auto device = torch::ones({2}, torch::device(torch::Device(kFakeDevice)));
  EXPECT_TRUE(((device * 3).add_(torch::tensor(2.F))).cpu().equal(torch::tensor({5.F, 5.F})));
}

TEST(FakeDeviceDeathTest, TheHostCannotReadItsMemory) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto device = torch::ones({2}, torch::device(torch::Device(kFakeDevice)));
  EXPECT_DEATH(std::exit(static_cast<int>(*device.const_data_ptr<float>()) - 1), "");
}

// --- The torch engine on it ----------------------------------------------------------------------

constexpr std::size_t kImages = 300;
constexpr std::size_t kBatch = 64;  // and a last one of 44
const Config kOptions = [] {
  Config config;
  config.nesterov = true;
  config.weight_decay = 1e-3;
  config.label_smoothing = 0.1;
  config.seed = 3;
  return config;
}();

const Split& random_split() {
  static const Split split = [] {
    std::mt19937 random(11);
    Split made;
    made.images.resize(kImages * kImagePixels);
    made.labels.resize(kImages);
    for (auto& pixel : made.images) pixel = static_cast<std::uint8_t>(random() % 256);
    for (auto& label : made.labels) label = static_cast<std::uint8_t>(random() % kClassCount);
    return made;
  }();
  return split;
}

std::unique_ptr<Engine> make_engine(const std::string& device, const TrainState& state,
                                    const Config& options = kOptions) {
  return make_torch_engine(options, state, device, 1);
}

TrainState initial_state() { return {initial_parameters(0), {}, 0}; }

void start_epoch(Engine& engine) {
  std::vector<std::uint32_t> order(kImages);
  std::iota(order.rbegin(), order.rend(), 0);
  engine.start_epoch(random_split(), order);
}

/// The steps of one epoch, the first of which is update number `step`.
void train_steps(Engine& engine, std::uint64_t step = 0) {
  for (std::size_t first = 0; first < kImages; first += kBatch) {
    engine.train_step(first, std::min(kBatch, kImages - first), 0.05, step++);
  }
}

TEST(TorchEngineOnFakeDevice, TrainsLikeTheCpuToTheBit) {
  const auto cpu = make_engine("cpu", initial_state());
  const auto fake = make_engine(kFakeDevice, initial_state());
  EXPECT_EQ(torch_engine_info(kFakeDevice, 1).device, kFakeDevice);
  for (Engine* engine : {cpu.get(), fake.get()}) {
    start_epoch(*engine);
    train_steps(*engine);
  }
  EXPECT_NE(fake->state().parameters, initial_state().parameters);
  EXPECT_NE(fake->state().momentum, Parameters());
  EXPECT_EQ(fake->state(), cpu->state());
  const Totals expected = cpu->drain(), totals = fake->drain();
  EXPECT_EQ(totals.count, kImages);
  EXPECT_EQ(totals.loss, expected.loss);
  EXPECT_EQ(totals.correct, expected.correct);
  EXPECT_EQ(fake->logits(random_split().images), cpu->logits(random_split().images));

  // Control: other dropout, other weights.
  Config other = kOptions;
  other.seed = 4;
  const auto control = make_engine(kFakeDevice, initial_state(), other);
  start_epoch(*control);
  train_steps(*control);
  EXPECT_NE(control->state(), cpu->state());
}

TEST(TorchEngineOnFakeDevice, CopiesNothingAndReadsNothingBetweenStartAndDrain) {
  const auto engine = make_engine(kFakeDevice, initial_state());
  reset_fake_device_counts();
  start_epoch(*engine);
  EXPECT_EQ(fake_device_counts(), Counts{.host_to_device = 4});  // pixels, labels, order, dropout
  reset_fake_device_counts();
  start_epoch(*engine);
  EXPECT_EQ(fake_device_counts(), Counts{.host_to_device = 2});  // order, dropout

  reset_fake_device_counts();
  train_steps(*engine);
  Counts counts = fake_device_counts();
  EXPECT_GT(counts.device_to_device, 0);  // it did compute there
  counts.device_to_device = 0;
  EXPECT_EQ(counts, Counts());

  reset_fake_device_counts();
  EXPECT_GT(engine->drain().loss, 0.0);
  EXPECT_EQ(fake_device_counts(), Counts{.scalar_reads = 2});  // loss and correct

  reset_fake_device_counts();
  engine->state();
  EXPECT_EQ(fake_device_counts(), Counts{.device_to_host = 16});  // parameters and momentum
}

TEST(TorchEngineOnFakeDevice, ItsStateGoesOnAsWellOnTheCpu) {
  const auto undisturbed = make_engine("cpu", initial_state());
  const auto fake = make_engine(kFakeDevice, initial_state());
  for (Engine* engine : {undisturbed.get(), fake.get()}) {
    start_epoch(*engine);
    train_steps(*engine);
  }
  const TrainState half = fake->state();
  const auto resumed_on_cpu = make_engine("cpu", half);
  const auto resumed_on_fake = make_engine(kFakeDevice, half);
  for (Engine* engine : {undisturbed.get(), resumed_on_cpu.get(), resumed_on_fake.get()}) {
    start_epoch(*engine);
    train_steps(*engine, half.step);
  }
  EXPECT_EQ(resumed_on_cpu->state(), undisturbed->state());
  EXPECT_EQ(resumed_on_fake->state(), undisturbed->state());

  TrainState without_momentum = half;
  without_momentum.momentum = {};
  const auto control = make_engine("cpu", without_momentum);
  start_epoch(*control);
  train_steps(*control, half.step);
  EXPECT_NE(control->state(), undisturbed->state());
}

}  // namespace
}  // namespace fmnist
