#pragma once

#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include "fmnist/engine/engine.h"

namespace fmnist {

/// An engine without arithmetic: remembers its calls, and its first weight counts the steps.
class FakeEngine final : public Engine {
 public:
  struct Step {
    std::vector<std::uint32_t> indices;
    double learning_rate;
    std::uint64_t step;
  };

  explicit FakeEngine(TrainState state = {}) : state_(std::move(state)) {}

  void start_epoch(const Split&, std::span<const std::uint32_t> order) override {
    order_.assign(order.begin(), order.end());
    ++epochs_started;
  }
  void train_step(std::size_t first, std::size_t count, double learning_rate,
                  std::uint64_t step) override {
    const auto begin = order_.begin() + static_cast<std::ptrdiff_t>(first);
    steps.push_back({{begin, begin + static_cast<std::ptrdiff_t>(count)}, learning_rate, step});
    totals_ += {loss_of_step(step), 1, count};
    state_.parameters.values[0] += 1.0f;
    state_.step = step + 1;
    if (on_step) on_step(*this);
  }
  Totals drain() override { return std::exchange(totals_, {}); }
  std::vector<float> logits(std::span<const std::uint8_t> images) override {
    ++evaluations;
    std::vector<float> logits(images.size() / kImagePixels * kClassCount);
    // Right for as many of the images labelled 0 as there were steps.
    for (std::size_t row = 0; row < logits.size() / kClassCount; ++row)
      logits[row * kClassCount + (row < state_.step ? 0 : 1)] = 1.0f;
    return logits;
  }
  TrainState state() override { return state_; }

  double loss_of_step(std::uint64_t step) const { return static_cast<double>(step) + 0.25; }
  void poison_loss() { totals_.loss = std::numeric_limits<double>::quiet_NaN(); }
  void poison_weights() { state_.parameters.values[7] = std::numeric_limits<float>::infinity(); }

  std::vector<Step> steps;
  int epochs_started = 0;
  int evaluations = 0;
  std::function<void(FakeEngine&)> on_step;

 private:
  TrainState state_;
  std::vector<std::uint32_t> order_;
  Totals totals_;
};

}  // namespace fmnist
