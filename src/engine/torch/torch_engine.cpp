#include "fmnist/engine/torch/torch_engine.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <torch/torch.h>
#include <torch/version.h>

#include <algorithm>
#include <cctype>

#include "engine/torch/cnn.h"
#include "engine/torch/fashion_mnist.h"
#include "fmnist/core/random.h"
#include "fmnist/core/signals_blocked.h"

namespace fmnist {
namespace {

/// Images per forward pass outside training: bounds the memory, does not change the result's bits.
constexpr std::int64_t kEvaluationBatch = 250;

/// A generator of the engine's own, so that dropout never depends on LibTorch's global one.
at::Generator make_generator(torch::Device device) {
  if (device.is_cuda()) return at::globalContext().defaultGenerator(device).clone();
  return at::make_generator<at::CPUGeneratorImpl>();
}

class TorchEngine final : public Engine {
 public:
  TorchEngine(const StepOptions& options, const TrainState& state, torch::Device device)
      : options_(options),
        device_(device),
        optimizer_(make_optimizer(state)),
        generator_(make_generator(device)),
        loss_(torch::zeros({}, torch::dtype(torch::kDouble).device(device))),
        correct_(torch::zeros({}, torch::dtype(torch::kLong).device(device))),
        steps_(state.step) {}

  void start_epoch(const Split& train, std::span<const std::uint32_t> order) override {
    if (train_ != &train) dataset_.emplace(train, device_);
    train_ = &train;
    const auto host = torch::empty({static_cast<std::int64_t>(order.size())}, torch::kLong);
    std::copy(order.begin(), order.end(), host.data_ptr<std::int64_t>());
    order_ = host.to(device_);
  }

  void train_step(std::size_t first, std::size_t count, double learning_rate,
                  std::uint64_t step) override {
    const auto [begin, length] =
        std::pair(static_cast<std::int64_t>(first), static_cast<std::int64_t>(count));
    const auto batch = dataset_->get_batch(order_.narrow(0, begin, length));
    optimizer_.zero_grad();
    const auto logits =
        network_->forward(batch.data, [&](const auto& hidden) { return dropout(hidden, step); });
    const auto loss = torch::nn::functional::cross_entropy(
        logits, batch.target,
        torch::nn::functional::CrossEntropyFuncOptions().label_smoothing(options_.label_smoothing));
    loss.backward();
    static_cast<torch::optim::SGDOptions&>(optimizer_.param_groups()[0].options())
        .lr(learning_rate);
    optimizer_.step();

    const torch::NoGradGuard no_grad;
    const auto batch_loss = loss.to(torch::kDouble).mul_(static_cast<double>(count) / kLossQuantum);
    loss_.add_(batch_loss.round_(), kLossQuantum);
    correct_.add_(logits.argmax(1).eq(batch.target).sum());
    count_ += count;
    steps_ = step + 1;
  }

  Totals drain() override {
    const Totals totals{loss_.item<double>(),
                        static_cast<std::uint64_t>(correct_.item<std::int64_t>()), count_};
    loss_.zero_();
    correct_.zero_();
    count_ = 0;
    return totals;
  }

  std::vector<float> logits(std::span<const std::uint8_t> images) override {
    const torch::InferenceMode inference;
    constexpr auto kSide = static_cast<std::int64_t>(kImageSide);
    const auto count = static_cast<std::int64_t>(images.size() / kImagePixels);
    std::vector<float> result(static_cast<std::size_t>(count) * kClassCount);
    const auto host = torch::from_blob(const_cast<std::uint8_t*>(images.data()),
                                       {count, 1, kSide, kSide}, torch::kUInt8);
    const auto target = torch::from_blob(result.data(), {count, kClassCount});
    for (std::int64_t first = 0; first < count; first += kEvaluationBatch) {
      const std::int64_t length = std::min(kEvaluationBatch, count - first);
      const auto pixels = host.narrow(0, first, length).to(device_);
      target.narrow(0, first, length).copy_(network_->forward(normalise(pixels)));
    }
    return result;
  }

  TrainState state() override {
    const auto parameters = network_->parameters();
    std::vector<torch::Tensor> buffers;
    for (const auto& parameter : parameters) {
      const auto found = optimizer_.state().find(parameter.unsafeGetTensorImpl());
      buffers.push_back(
          found == optimizer_.state().end()
              ? torch::Tensor()
              : static_cast<torch::optim::SGDParamState&>(*found->second).momentum_buffer());
    }
    return {to_parameters(parameters), to_parameters(buffers), steps_};
  }

 private:
  /// Moves the network to the device and lets an optimiser continue from `state`.
  torch::optim::SGD make_optimizer(const TrainState& state) {
    load_parameters(network_, state.parameters);
    network_->to(device_);
    const auto parameters = network_->parameters();
    torch::optim::SGD optimizer(parameters, torch::optim::SGDOptions(0.0)
                                                .momentum(options_.momentum)
                                                .nesterov(options_.nesterov)
                                                .weight_decay(options_.weight_decay));
    if (state.step == 0 || options_.momentum == 0.0) return optimizer;
    Cnn buffers;  // gives the momentum values the parameters' shapes
    load_parameters(buffers, state.momentum);
    const auto values = buffers->parameters();
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      auto entry = std::make_unique<torch::optim::SGDParamState>();
      entry->momentum_buffer(values[i].detach().to(device_));
      optimizer.state()[parameters[i].unsafeGetTensorImpl()] = std::move(entry);
    }
    return optimizer;
  }

  /// Drops each hidden unit with the recipe's probability, as `torch::dropout` does, but with a
  /// generator seeded from (seed, step): a resumed run draws what an undisturbed one draws.
  torch::Tensor dropout(const torch::Tensor& hidden, std::uint64_t step) {
    if (options_.dropout == 0.0) return hidden;
    generator_.set_current_seed(random_bits(options_.seed, Stream::kDropout, 0, step));
    const double keep = 1.0 - options_.dropout;
    return hidden * torch::empty_like(hidden).bernoulli_(keep, generator_).div_(keep);
  }

  StepOptions options_;
  torch::Device device_;
  Cnn network_;
  torch::optim::SGD optimizer_;
  at::Generator generator_;
  const Split* train_ = nullptr;
  std::optional<FashionMnist> dataset_;  // of `train_`
  torch::Tensor order_;                  // int64 [n], this epoch's image indices
  torch::Tensor loss_;                   // double, sum since the last drain, on the device
  torch::Tensor correct_;                // int64, likewise
  std::uint64_t count_ = 0;
  std::uint64_t steps_;
};

}  // namespace

std::unique_ptr<Engine> make_torch_engine(const StepOptions& options, const TrainState& state,
                                          const std::string& device, int threads) {
  at::set_num_threads(threads);
  {
    const SignalsBlocked blocked;  // for the threads that LibTorch makes now
    at::parallel_for(0, threads, 1, [](std::int64_t, std::int64_t) {});
  }
  return std::make_unique<TorchEngine>(options, state, torch::Device(device));
}

EngineInfo torch_engine_info(const std::string& device, int threads) {
  std::string isa = torch::Device(device).is_cpu() ? at::get_cpu_capability() : device;
  std::transform(isa.begin(), isa.end(), isa.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return {EngineChoice::kTorch, device, threads, isa};
}

std::string libtorch_version() { return TORCH_VERSION; }

}  // namespace fmnist
