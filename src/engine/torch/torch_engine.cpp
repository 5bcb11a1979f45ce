// The LibTorch program, in the order in which a book prints it: network, data set, sampler,
// training and evaluation. Everything else that trains in this repository is held to this file.

#include "fmnist/engine/torch/torch_engine.h"

#include <ATen/Parallel.h>
#include <torch/torch.h>
#include <torch/version.h>

#include <algorithm>
#include <cctype>
#include <mutex>

#include "engine/torch/tensors.h"
#include "fmnist/core/dropout.h"
#include "fmnist/core/signals_blocked.h"
#include "fmnist/engine/torch/cnn.h"
#include "fmnist/engine/torch/fashion_mnist.h"

namespace fmnist {

namespace F = torch::nn::functional;

// --- The network ---------------------------------------------------------------------------------

// The order of construction decides which random numbers initialise which layer.
CnnImpl::CnnImpl(double dropout_probability)
    : conv1(register_module("conv1", torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 10, 5)))),
      conv2(register_module("conv2", torch::nn::Conv2d(torch::nn::Conv2dOptions(10, 20, 5)))),
      fc1(register_module("fc1", torch::nn::Linear(320, 50))),
      fc2(register_module("fc2", torch::nn::Linear(50, 10))),
      dropout(register_module("dropout", ReplayableDropout(dropout_probability))) {}

torch::Tensor CnnImpl::forward(torch::Tensor x) {
  x = torch::relu(torch::max_pool2d(conv1(x), 2));  // [N, 10, 12, 12]
  x = torch::relu(torch::max_pool2d(conv2(x), 2));  // [N, 20, 4, 4]
  x = x.view({-1, 320});
  x = torch::relu(fc1(x));  // [N, 50]
  x = dropout(x);
  return fc2(x);  // [N, 10]
}

torch::Tensor ReplayableDropoutImpl::forward(const torch::Tensor& input) {
  if (is_training() && factors_.defined()) return input * factors_;
  return torch::dropout(input, probability_, is_training());
}

// --- The data set --------------------------------------------------------------------------------

FashionMnist::FashionMnist(const Split& split, torch::Device device)
    : pixels_(as_tensor(split.images).to(device)),
      labels_(torch::from_blob(const_cast<std::uint8_t*>(split.labels.data()),
                               {static_cast<std::int64_t>(split.size())}, torch::kUInt8)
                  .to(torch::kLong)
                  .to(device)) {}

torch::data::Example<> FashionMnist::get_batch(BatchIndices indices) {
  const auto places = indices.tensor.to(pixels_.device());
  return {normalise(pixels_.index_select(0, places)), labels_.index_select(0, places)};
}

std::optional<std::size_t> FashionMnist::size() const {
  return static_cast<std::size_t>(labels_.size(0));
}

torch::Tensor normalise(const torch::Tensor& pixels) {
  return pixels.to(torch::kFloat).div_(255).sub_(kPixelMean).div_(kPixelStd);
}

// --- The order of an epoch -----------------------------------------------------------------------

BatchIndices::BatchIndices(const std::vector<std::size_t>& indices)
    : tensor(torch::tensor(std::vector<std::int64_t>(indices.begin(), indices.end()))) {}

void OrderSampler::reset(std::optional<std::size_t>) { next_ = 0; }

std::optional<BatchIndices> OrderSampler::next(std::size_t batch_size) {
  const std::int64_t count =
      std::min(static_cast<std::int64_t>(batch_size), order_.size(0) - next_);
  if (count == 0) return std::nullopt;
  next_ += count;
  return BatchIndices(order_.narrow(0, next_ - count, count));
}

void OrderSampler::save(torch::serialize::OutputArchive& archive) const {
  archive.write("next", torch::tensor(next_));
}

void OrderSampler::load(torch::serialize::InputArchive& archive) {
  torch::Tensor next;
  archive.read("next", next);
  next_ = next.item<std::int64_t>();
}

// --- Training and evaluation ---------------------------------------------------------------------

namespace {

/// Images per forward pass outside training: bounds the memory, does not change the result's bits.
constexpr std::int64_t kEvaluationBatch = 250;

/// The loop over epochs and batches is the trainer's: it calls `start_epoch` and then `train_step`
/// once per batch, in the place of `for (const auto& batch : *loader)`.
class TorchEngine final : public Engine {
 public:
  TorchEngine(const Config& config, const TrainState& state, torch::Device device)
      : config_(config),
        device_(device),
        network_(config.dropout),
        optimizer_(make_optimizer(state)),
        loss_(torch::zeros({}, torch::dtype(torch::kDouble).device(device))),
        correct_(torch::zeros({}, torch::dtype(torch::kLong).device(device))),
        steps_(state.step) {}

  void start_epoch(const Split& train, std::span<const std::uint32_t> order) override {
    if (train_ != &train) dataset_.emplace(train, device_);
    train_ = &train;
    order_ = torch::tensor(std::vector<std::int64_t>(order.begin(), order.end())).to(device_);
    loader_ = nullptr;
    const std::size_t steps = (order.size() + config_.batch_size - 1) / config_.batch_size;
    draw_dropout(steps_, steps, config_.batch_size);
  }

  void train_step(std::size_t first, std::size_t count, double learning_rate,
                  std::uint64_t step) override {
    const auto& batch = next_batch(first, count);
    for (auto& group : optimizer_.param_groups()) group.options().set_lr(learning_rate);
    network_->train();
    network_->dropout->replay(dropout_factors(step, count));

    optimizer_.zero_grad();
    const auto logits = network_->forward(batch.data);
    const auto loss =
        F::cross_entropy(logits, batch.target,
                         F::CrossEntropyFuncOptions().label_smoothing(config_.label_smoothing));
    loss.backward();
    optimizer_.step();

    add_to_totals(logits.detach(), loss.detach(), batch.target);
    steps_ = step + 1;
  }

  std::vector<float> logits(std::span<const std::uint8_t> images) override {
    const torch::InferenceMode inference;
    network_->eval();
    const auto pixels = as_tensor(images);
    std::vector<float> result(static_cast<std::size_t>(pixels.size(0)) * kClassCount);
    auto rows = torch::from_blob(result.data(), {pixels.size(0), kClassCount});
    for (std::int64_t first = 0; first < pixels.size(0); first += kEvaluationBatch) {
      const auto batch = normalise(pixels.slice(0, first, first + kEvaluationBatch).to(device_));
      rows.slice(0, first, first + kEvaluationBatch).copy_(network_->forward(batch));
    }
    return result;
  }

  Totals drain() override {
    const Totals totals{loss_.item<double>(),
                        static_cast<std::uint64_t>(correct_.item<std::int64_t>()), count_};
    loss_.zero_();
    correct_.zero_();
    count_ = 0;
    return totals;
  }

  TrainState state() override {
    std::vector<torch::Tensor> buffers;
    for (const auto& parameter : network_->parameters()) {
      const auto found = optimizer_.state().find(parameter.unsafeGetTensorImpl());
      buffers.push_back(
          found == optimizer_.state().end()
              ? torch::zeros_like(parameter)
              : static_cast<torch::optim::SGDParamState&>(*found->second).momentum_buffer());
    }
    return {to_parameters(network_->parameters()), to_parameters(buffers), steps_};
  }

 private:
  using Loader = torch::data::StatelessDataLoader<FashionMnist, OrderSampler>;

  /// Moves the network to the device and lets an optimiser continue from `state`.
  torch::optim::SGD make_optimizer(const TrainState& state) {
    copy_parameters(state.parameters, network_->parameters());
    network_->to(device_);
    const auto parameters = network_->parameters();
    torch::optim::SGD optimizer(parameters, torch::optim::SGDOptions(0.0)
                                                .momentum(config_.momentum)
                                                .nesterov(config_.nesterov)
                                                .weight_decay(config_.weight_decay));
    if (state.step == 0 || config_.momentum == 0.0) return optimizer;
    std::vector<torch::Tensor> buffers;
    for (const auto& parameter : parameters) {
      buffers.push_back(torch::empty_like(parameter.detach()));
      auto entry = std::make_unique<torch::optim::SGDParamState>();
      entry->momentum_buffer(buffers.back());
      optimizer.state()[parameter.unsafeGetTensorImpl()] = std::move(entry);
    }
    copy_parameters(state.momentum, buffers);
    return optimizer;
  }

  /// The loader's next batch. Where a step does not follow the one before, as in an epoch that is
  /// resumed, a loader begins there.
  const torch::data::Example<>& next_batch(std::size_t first, std::size_t count) {
    const bool follows = loader_ && first == next_;
    if (follows) ++*batch_;
    if (!follows || (*batch_)->target.size(0) != static_cast<std::int64_t>(count)) {
      loader_ = torch::data::make_data_loader(
          *dataset_, OrderSampler(order_.slice(0, static_cast<std::int64_t>(first))),
          torch::data::DataLoaderOptions(count));
      batch_ = loader_->begin();
    }
    next_ = first + count;
    return **batch_;
  }

  /// Computes the factors of `steps` steps from `first` on; to the device they go all at once.
  void draw_dropout(std::uint64_t first, std::size_t steps, std::size_t batch_size) {
    if (config_.dropout == 0.0) return;
    const auto host = torch::empty(
        {static_cast<std::int64_t>(steps), static_cast<std::int64_t>(batch_size), kHidden});
    auto* to = host.mutable_data_ptr<float>();
    for (std::uint64_t step = first; step < first + steps; ++step) {
      const DropoutMask mask = dropout_mask(config_.dropout, config_.seed, step);
      for (std::size_t place = 0; place < batch_size; ++place)
        to = std::ranges::copy(mask.factors(static_cast<std::uint32_t>(place)), to).out;
    }
    dropout_ = host.to(device_);
    first_dropout_ = first;
  }

  /// What `step` multiplies its hidden units with: float [count, 50].
  torch::Tensor dropout_factors(std::uint64_t step, std::size_t count) {
    if (config_.dropout == 0.0) return {};
    const auto rows = static_cast<std::int64_t>(count);
    const std::uint64_t steps = static_cast<std::uint64_t>(dropout_.size(0));
    if (step < first_dropout_ || step >= first_dropout_ + steps || rows > dropout_.size(1))
      draw_dropout(step, 1, count);
    return dropout_[static_cast<std::int64_t>(step - first_dropout_)].narrow(0, 0, rows);
  }

  /// Counts a batch on the device: nobody waits for it before `drain`.
  void add_to_totals(const torch::Tensor& logits, const torch::Tensor& loss,
                     const torch::Tensor& labels) {
    const auto count = static_cast<std::uint64_t>(labels.size(0));
    const auto sum = loss.to(torch::kDouble).mul_(static_cast<double>(count) / kLossQuantum);
    loss_.add_(sum.round_(), kLossQuantum);
    correct_.add_(logits.argmax(1).eq(labels).sum());
    count_ += count;
  }

  const Config config_;
  const torch::Device device_;
  Cnn network_;
  torch::optim::SGD optimizer_;
  const Split* train_ = nullptr;
  std::optional<FashionMnist> dataset_;  // of `train_`
  torch::Tensor order_;                  // int64 [n], this epoch's image indices
  std::unique_ptr<Loader> loader_;       // none before the epoch's first step
  std::optional<torch::data::Iterator<torch::data::Example<>>> batch_;  // the loader's
  std::size_t next_ = 0;             // place in the order after `batch_`
  torch::Tensor dropout_;            // float [steps, images, 50]
  std::uint64_t first_dropout_ = 0;  // the first of those steps
  torch::Tensor loss_;               // double, sum since the last drain, on the device
  torch::Tensor correct_;            // int64, likewise
  std::uint64_t count_ = 0;
  std::uint64_t steps_;
};

/// Held while a network is made: its modules draw their first weights from LibTorch's one
/// generator.
std::mutex generator_mutex;

}  // namespace

std::unique_ptr<Engine> make_torch_engine(const Config& config, const TrainState& state,
                                          const std::string& device, int threads) {
  const std::lock_guard lock(generator_mutex);
  at::set_num_threads(threads);
  {
    const SignalsBlocked blocked;  // for the threads that LibTorch makes now
    at::parallel_for(0, threads, 1, [](std::int64_t, std::int64_t) {});
  }
  return std::make_unique<TorchEngine>(config, state, torch::Device(device));
}

EngineInfo torch_engine_info(const std::string& device, int threads) {
  std::string isa = torch::Device(device).is_cpu() ? at::get_cpu_capability() : device;
  std::transform(isa.begin(), isa.end(), isa.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return {EngineChoice::kTorch, device, threads, isa};
}

std::string libtorch_version() { return TORCH_VERSION; }

Parameters initial_parameters(std::uint64_t seed) {
  const std::lock_guard lock(generator_mutex);
  torch::manual_seed(seed);
  return to_parameters(Cnn()->parameters());
}

}  // namespace fmnist
