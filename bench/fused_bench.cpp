// Every kernel of the fused engine on one group of sixteen images: GFLOP/s and the share of the FMA
// peak, measured in the same run. "dense" counts the layer's arithmetic as if nothing were zero and
// every convolution were direct; "true" counts the multiplications and additions that are done.
// FMNIST_ISA chooses the instruction set.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "engine/fused/isa.h"
#include "engine/fused/kernels.h"
#include "engine/fused/loss.h"
#include "engine/fused/packing.h"
#include "engine/fused/random_inputs.h"
#include "engine/fused/targets.h"
#include "fmnist/core/parameters.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fused_bench.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace fmnist {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Does `rounds` × 12 independent fused multiply-adds; returns their FLOPs.
double multiply_add(std::size_t rounds) {
  const hn::CappedTag<float, 16> d;
  hn::Vec<decltype(d)> sums[12];
  HWY_PRAGMA(GCC unroll 64)
  for (std::size_t i = 0; i < 12; ++i) sums[i] = hn::Set(d, static_cast<float>(i));
  const auto factor = hn::Set(d, 0.999f);
  for (std::size_t round = 0; round < rounds; ++round) {
    HWY_PRAGMA(GCC unroll 64)
    for (auto& sum : sums) sum = hn::MulAdd(sum, factor, factor);
  }
  float total = 0.0f;
  for (const auto& sum : sums) total += hn::GetLane(sum);
  benchmark::DoNotOptimize(total);
  return 2.0 * 12.0 * static_cast<double>(rounds * hn::Lanes(d));
}

}  // namespace HWY_NAMESPACE
}  // namespace fmnist
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fmnist {
namespace {

double multiply_add(Isa isa, std::size_t rounds) {
#if HWY_TARGETS & HWY_AVX3
  if (isa == Isa::kAvx512) return N_AVX3::multiply_add(rounds);
#endif
#if HWY_TARGETS & HWY_AVX2
  if (isa == Isa::kAvx2) return N_AVX2::multiply_add(rounds);
#endif
  return HWY_STATIC_DISPATCH(multiply_add)(rounds);
}

/// FLOP/s of nothing but fused multiply-adds: the best of some short runs.
double measure_peak(Isa isa) {
  double best = 0.0;
  for (int run = 0; run < 40; ++run) {
    const auto start = std::chrono::steady_clock::now();
    const double flops = multiply_add(isa, 200000);
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    best = std::max(best, flops / time.count());
  }
  return best;
}

/// A group in mid-training: every array that a kernel reads is filled by the kernels before it.
class Bench {
 public:
  explicit Bench(Isa isa) : kernels(make_kernels(isa)), peak(measure_peak(isa)) {
    std::mt19937 generator(1);
    pack(random_parameters(1), *parameters);
    kernels.derive(*parameters, *weights);
    for (std::size_t i = 0; i < pixels.size(); ++i) {
      const std::size_t x = i % kImageSide;
      const bool inside = x > 5 && x < 22;
      pixels[i] = static_cast<std::uint8_t>(inside ? 128 + generator() % 128 : 0);
    }
    for (std::size_t lane = 0; lane < kGroup; ++lane) images[lane] = &pixels[lane * kImagePixels];
    run_all();
    for (std::size_t i = 0; i < kGroup; ++i) {
      for (std::size_t unit = 0; unit < kFeatures; ++unit) {
        conv2_gradients += (work->route2_rows[i][unit] & kRouteInactive) == 0;
      }
    }
    for (const auto& unit : work->hidden_gradient) {
      hidden_gradients += static_cast<double>(
          std::count_if(std::begin(unit), std::end(unit), [](float g) { return g != 0.0f; }));
    }
    for (std::size_t i = 0; i < slots.size(); ++i) slots[i] = gradients.get();
  }

  void run_all() {
    kernels.load_pixels(images, *work);
    kernels.conv1_forward(*parameters, *weights, *work);
    kernels.conv2_forward(*parameters, *weights, *work);
    kernels.fc1_forward(*parameters, *work);
    kernels.dropout(dropout, 0, *work);
    kernels.fc2_forward(*parameters, *work);
    loss();
    kernels.transpose_activations(*work);
    kernels.fc2_backward(*parameters, true, true, *work, *gradients);
    kernels.fc1_backward(*parameters, kGroup, true, *work, *gradients);
    conv2_backward_input();
    conv1_backward(true);
    kernels.conv2_backward_weights(true, *work, *gradients);
  }

  void loss() { softmax_cross_entropy(labels, kGroup, 0.0, 1.0f / 64, *work); }
  void conv2_backward_input() {
    for (std::size_t i = 0; i < kGroup; ++i) kernels.conv2_backward_input(*weights, i, *work);
  }
  void conv1_backward(bool first) {
    for (std::size_t i = 0; i < kGroup; ++i) {
      kernels.conv1_backward(images[i], i, first, *work, *gradients);
    }
  }
  void update() {
    const SgdStep step{0.0f, 0.5f, 0.0f, false};
    for (std::size_t unit = 0; unit < kUpdateUnits; ++unit) {
      kernels.update(unit, slots, step, *parameters, *momentum, *weights);
    }
  }

  Kernels kernels;
  double peak;
  std::unique_ptr<Workspace> work = std::make_unique<Workspace>();
  std::unique_ptr<PackedParameters> parameters = std::make_unique<PackedParameters>();
  std::unique_ptr<PackedParameters> momentum = std::make_unique<PackedParameters>();
  std::unique_ptr<KernelWeights> weights = std::make_unique<KernelWeights>();
  std::unique_ptr<Gradients> gradients = std::make_unique<Gradients>();
  std::vector<const Gradients*> slots = std::vector<const Gradients*>(4);
  std::vector<std::uint8_t> pixels = std::vector<std::uint8_t>(kGroup * kImagePixels);
  const std::uint8_t* images[kGroup];
  const std::uint8_t labels[kGroup] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5};
  DropoutMask dropout = dropout_mask(0.5, 1, 2);
  double conv2_gradients = 0.0;   // of 5,120
  double hidden_gradients = 0.0;  // of 800
};

/// Registers one kernel with its FLOPs per group: dense-equivalent and true.
void add(const char* name, Bench& bench, double dense, double done, std::function<void()> kernel) {
  benchmark::RegisterBenchmark(name, [&bench, dense, done, kernel](benchmark::State& state) {
    bench.run_all();  // some kernels change what others read
    for (auto _ : state) kernel();
    const auto rounds = static_cast<double>(state.iterations());
    using benchmark::Counter;
    state.counters["GFLOP/s"] = Counter(dense * rounds * 1e-9, Counter::kIsRate);
    state.counters["dense"] = Counter(dense * rounds / bench.peak, Counter::kIsRate);
    state.counters["true"] = Counter(done * rounds / bench.peak, Counter::kIsRate);
  })->Unit(benchmark::kMicrosecond);
}

void add_all(Bench& b) {
  const double images = kGroup;
  const double conv1 = 2.0 * kConv1Side * kConv1Side * kConv1Channels * kTaps * images;
  const double conv2 =
      2.0 * kConv2Side * kConv2Side * kConv2Channels * kConv1Channels * kTaps * images;
  const double fc1 = 2.0 * kHidden * kFeatures * images;
  const double fc2 = 2.0 * kClassCount * kHidden * images;
  // Winograd's products and transforms (26 operations in, 16 out). Conv1: 8 products instead of 20
  // for four outputs, along x; conv2: 64 instead of 400 for 16 outputs.
  const double winograd1 = conv1 * 8 / 20 + (28 * 6 * 26 + 24 * 6 * 10 * 16) * images;
  const double winograd2 =
      (2.0 * 64 * 4 * 200 + 10 * (24 + 32) * 8 * 3.25 + 20 * 4 * (8 + 4) * 16) * images;
  const double sparse2 = 2.0 * kTaps * kConv1Channels * b.conv2_gradients;
  const double sparse_fc1 = 2.0 * 2 * kFeatures * b.hidden_gradients;
  add("load_pixels", b, 0, 0, [&] { b.kernels.load_pixels(b.images, *b.work); });
  add("conv1_forward", b, conv1, winograd1,
      [&] { b.kernels.conv1_forward(*b.parameters, *b.weights, *b.work); });
  add("conv2_forward", b, conv2, winograd2,
      [&] { b.kernels.conv2_forward(*b.parameters, *b.weights, *b.work); });
  add("fc1_forward", b, fc1, fc1, [&] { b.kernels.fc1_forward(*b.parameters, *b.work); });
  add("dropout", b, 0, 0, [&] { b.kernels.dropout(b.dropout, 0, *b.work); });
  add("fc2_forward", b, fc2, fc2, [&] { b.kernels.fc2_forward(*b.parameters, *b.work); });
  add("loss", b, 0, 0, [&] { b.loss(); });
  add("transpose_activations", b, 0, 0, [&] { b.kernels.transpose_activations(*b.work); });
  add("fc2_backward", b, 2 * fc2, 2 * fc2,
      [&] { b.kernels.fc2_backward(*b.parameters, true, false, *b.work, *b.gradients); });
  add("fc1_backward", b, 2 * fc1, sparse_fc1,
      [&] { b.kernels.fc1_backward(*b.parameters, kGroup, false, *b.work, *b.gradients); });
  add("conv2_backward_input", b, conv2, sparse2, [&] { b.conv2_backward_input(); });
  add("conv2_backward_weights", b, conv2, sparse2,
      [&] { b.kernels.conv2_backward_weights(false, *b.work, *b.gradients); });
  add("conv1_backward", b, conv1, conv1 / 4, [&] { b.conv1_backward(false); });
  add("update (a step)", b, 0, 0, [&] { b.update(); });
}

}  // namespace
}  // namespace fmnist

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  const fmnist::Isa isa = fmnist::choose_isa();
  fmnist::Bench bench(isa);
  std::cout << "instruction set " << fmnist::to_string(isa) << ", FMA peak " << bench.peak * 1e-9
            << " GFLOP/s; " << bench.conv2_gradients / 51.2 << " % of conv2's and "
            << bench.hidden_gradients / 8.0 << " % of fc1's gradients are not zero\n";
  fmnist::add_all(bench);
  benchmark::RunSpecifiedBenchmarks();
}
#endif  // HWY_ONCE
