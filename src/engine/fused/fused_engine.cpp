#include "fmnist/engine/fused/fused_engine.h"

#include <fmt/format.h>
#include <hwy/cache_control.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <utility>

#include "engine/fused/denormals.h"
#include "engine/fused/isa.h"
#include "engine/fused/kernels.h"
#include "engine/fused/loss.h"
#include "engine/fused/packing.h"
#include "engine/fused/thread_team.h"
#include "fmnist/core/error.h"

namespace fmnist {
namespace {

/// The images of one group; lanes without an image repeat the first.
struct Group {
  std::array<const std::uint8_t*, kGroup> images;
  std::array<std::uint8_t, kGroup> labels;
  std::size_t count;
  std::size_t place;  // of the first in the batch
};

/// The gradient sum of some of a batch's groups and what they counted, on cache lines of its own.
struct alignas(64) Slot {
  std::unique_ptr<Gradients> gradients;
  Totals totals;
};

/// The optimiser step in tasks of a microsecond, less than which is not worth a thread's while.
constexpr std::size_t kUpdateTasks = 12;

/// The team's size: a step has work for `kMaxSlots` threads at most.
int team_size(int threads) {
  if (threads < 1) {
    throw Error(ErrorKind::kUsage,
                fmt::format("the fused engine needs at least 1 thread, found {}", threads));
  }
  return std::min(threads, static_cast<int>(kMaxSlots));
}

class FusedEngine final : public Engine {
 public:
  FusedEngine(const Config& config, const TrainState& state, int threads)
      : config_(config),
        kernels_(make_kernels(choose_isa())),
        parameters_(std::make_unique<PackedParameters>()),
        momentum_(std::make_unique<PackedParameters>()),
        weights_(std::make_unique<KernelWeights>()),
        steps_(state.step),
        team_(team_size(threads)) {
    pack(state.parameters, *parameters_);
    pack(state.momentum, *momentum_);
    kernels_.derive(*parameters_, *weights_);
    for (std::size_t i = 0; i < team_.size(); ++i)
      workspaces_.push_back(std::make_unique<Workspace>());
  }

  void start_epoch(const Split& train, std::span<const std::uint32_t> order) override {
    train_ = &train;
    order_.assign(order.begin(), order.end());
  }

  void train_step(std::size_t first, std::size_t count, double learning_rate,
                  std::uint64_t step) override;

  Totals drain() override { return std::exchange(totals_, Totals{}); }

  std::vector<float> logits(std::span<const std::uint8_t> images) override;

  TrainState state() override { return {unpack(*parameters_), unpack(*momentum_), steps_}; }

 private:
  Group make_group(std::size_t first, std::size_t count, std::size_t place) const;
  void prefetch_group(std::size_t first, std::size_t count, std::size_t place) const;
  void forward(const std::uint8_t* const* images, const DropoutMask* dropout, std::size_t place,
               Workspace& work) const;
  void train_group(const Group& group, const DropoutMask& dropout, float scale, bool is_first,
                   Workspace& work, Slot& slot) const;
  void make_slots(std::size_t count);

  const Config config_;
  const Kernels kernels_;
  std::unique_ptr<PackedParameters> parameters_;
  std::unique_ptr<PackedParameters> momentum_;
  std::unique_ptr<KernelWeights> weights_;
  std::vector<std::unique_ptr<Workspace>> workspaces_;  // one per thread
  std::vector<Slot> slots_;
  const Split* train_ = nullptr;
  std::vector<std::uint32_t> order_;  // of the epoch, into `train_`
  Totals totals_;
  std::uint64_t steps_;
  ThreadTeam team_;
};

Group FusedEngine::make_group(std::size_t first, std::size_t count, std::size_t place) const {
  Group group;
  group.place = place;
  group.count = std::min(kGroup, count - place);
  for (std::size_t lane = 0; lane < kGroup; ++lane) {
    const std::size_t index = order_[first + place + (lane < group.count ? lane : 0)];
    group.images[lane] = train_->image(index).data();
    group.labels[lane] = train_->labels[index];
  }
  return group;
}

void FusedEngine::prefetch_group(std::size_t first, std::size_t count, std::size_t place) const {
  for (std::size_t i = place; i < std::min(place + kGroup, count); ++i) {
    const std::uint8_t* const image = train_->image(order_[first + i]).data();
    for (std::size_t byte = 0; byte < kImagePixels; byte += 64) hwy::Prefetch(image + byte);
  }
}

void FusedEngine::forward(const std::uint8_t* const* images, const DropoutMask* dropout,
                          std::size_t place, Workspace& work) const {
  kernels_.load_pixels(images, work);
  kernels_.conv1_forward(*parameters_, *weights_, work);
  kernels_.conv2_forward(*parameters_, *weights_, work);
  kernels_.fc1_forward(*parameters_, work);
  if (dropout != nullptr) kernels_.dropout(*dropout, static_cast<std::uint32_t>(place), work);
  kernels_.fc2_forward(*parameters_, work);
}

void FusedEngine::train_group(const Group& group, const DropoutMask& dropout, float scale,
                              bool is_first, Workspace& work, Slot& slot) const {
  const bool drops = config_.dropout > 0.0;
  Gradients& gradients = *slot.gradients;
  forward(group.images.data(), drops ? &dropout : nullptr, group.place, work);
  slot.totals +=
      softmax_cross_entropy(group.labels.data(), group.count, config_.label_smoothing, scale, work);
  kernels_.transpose_activations(work);
  kernels_.fc2_backward(*parameters_, drops, is_first, work, gradients);
  kernels_.fc1_backward(*parameters_, group.count, is_first, work, gradients);
  for (std::size_t image = 0; image < group.count; ++image) {
    kernels_.conv2_backward_input(*weights_, image, work);
    kernels_.conv1_backward(group.images[image], image, is_first, work, gradients);
  }
  kernels_.conv2_backward_weights(is_first, work, gradients);
}

void FusedEngine::make_slots(std::size_t count) {
  while (slots_.size() < count) slots_.push_back({std::make_unique<Gradients>(), {}});
  for (auto& slot : slots_) slot.totals = {};
}

void FusedEngine::train_step(std::size_t first, std::size_t count, double learning_rate,
                             std::uint64_t step) {
  if (count == 0 || first > order_.size() || count > order_.size() - first) {
    throw Error(ErrorKind::kRuntime,
                fmt::format("a training step over images {} to {} of an epoch of {}", first,
                            first + count, order_.size()));
  }
  // Which groups share a sum depends on the batch alone, so the threads' number changes no bit.
  const std::size_t groups = (count + kGroup - 1) / kGroup;
  const std::size_t slots = std::min(groups, kMaxSlots);
  make_slots(slots);
  std::array<const Gradients*, kMaxSlots> gradients;
  for (std::size_t i = 0; i < slots; ++i) gradients[i] = slots_[i].gradients.get();
  const auto scale = static_cast<float>(1.0 / static_cast<double>(count));
  const DropoutMask dropout = dropout_mask(config_.dropout, config_.seed, step);
  const SgdStep sgd{static_cast<float>(learning_rate), static_cast<float>(config_.momentum),
                    static_cast<float>(config_.weight_decay), config_.nesterov};

  team_.for_each(slots, [&](std::size_t slot, std::size_t thread) {
    const DenormalsAreZero denormals_are_zero;
    for (std::size_t group = slot; group < groups; group += slots) {
      const std::size_t next = group + slots < groups ? group + slots : slot + team_.size();
      prefetch_group(first, count, next * kGroup);
      train_group(make_group(first, count, group * kGroup), dropout, scale, group == slot,
                  *workspaces_[thread], slots_[slot]);
    }
  });
  team_.for_each(kUpdateTasks, [&](std::size_t task, std::size_t) {
    const DenormalsAreZero denormals_are_zero;
    for (std::size_t unit = task; unit < kUpdateUnits; unit += kUpdateTasks) {
      kernels_.update(unit, {gradients.data(), slots}, sgd, *parameters_, *momentum_, *weights_);
    }
  });

  Totals batch;
  for (std::size_t i = 0; i < slots; ++i) batch += slots_[i].totals;
  batch.loss = std::nearbyint(batch.loss / kLossQuantum) * kLossQuantum;
  totals_ += batch;
  steps_ = step + 1;
}

std::vector<float> FusedEngine::logits(std::span<const std::uint8_t> images) {
  const std::size_t count = images.size() / kImagePixels;
  std::vector<float> result(count * kClassCount);
  const std::size_t groups = (count + kGroup - 1) / kGroup;
  team_.for_each(groups, [&](std::size_t group, std::size_t thread) {
    const DenormalsAreZero denormals_are_zero;
    Workspace& work = *workspaces_[thread];
    const std::size_t place = group * kGroup;
    const std::size_t length = std::min(kGroup, count - place);
    std::array<const std::uint8_t*, kGroup> pointers;
    for (std::size_t lane = 0; lane < kGroup; ++lane) {
      const std::size_t index = place + (lane < length ? lane : 0);
      pointers[lane] = images.data() + index * kImagePixels;
    }
    forward(pointers.data(), nullptr, place, work);
    for (std::size_t lane = 0; lane < length; ++lane) {
      for (std::size_t c = 0; c < kClassCount; ++c) {
        result[(place + lane) * kClassCount + c] = work.logits[c][lane];
      }
    }
  });
  return result;
}

}  // namespace

std::unique_ptr<Engine> make_fused_engine(const Config& config, const TrainState& state,
                                          int threads) {
  return std::make_unique<FusedEngine>(config, state, threads);
}

EngineInfo fused_engine_info(int threads) {
  return {EngineChoice::kFused, "cpu", team_size(threads), to_string(choose_isa())};
}

}  // namespace fmnist
