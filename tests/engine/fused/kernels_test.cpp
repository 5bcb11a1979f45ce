#include "engine/fused/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <random>

#include "engine/fused/loss.h"
#include "engine/fused/packing.h"
#include "engine/fused/random_inputs.h"
#include "engine/fused/reference_network.h"

namespace fmnist {
namespace {

/// Each kernel alone, on arrays of random numbers, against plain loops in double.
class KernelsOnIsa : public testing::TestWithParam<Isa> {
 protected:
  KernelsOnIsa() {
    pack(initial_, *parameters_);
    kernels_.derive(*parameters_, *weights_);
  }

  /// Fills an array of floats: uniform in [-1, 1], or zero with probability `zeros`.
  template <class Array>
  void fill(Array& array, double zeros = 0.0) {
    auto* const first = reinterpret_cast<float*>(&array);
    std::uniform_real_distribution<double> uniform(-1.0, 1.0);
    for (std::size_t i = 0; i < sizeof(array) / sizeof(float); ++i) {
      const double value = uniform(generator_);
      first[i] = std::abs(value) < zeros ? 0.0f : static_cast<float>(value);
    }
  }

  std::uint8_t random_route() {
    const std::uint32_t bits = static_cast<std::uint32_t>(generator_());
    return static_cast<std::uint8_t>((bits & 1 ? kRouteRight : 0) | (bits & 2 ? kRouteDown : 0) |
                                     ((bits & 12) == 0 ? kRouteInactive : 0));
  }

  std::span<const double> tensor(std::size_t index) {
    return std::span(reference_.parameters)
        .subspan(kParameters[index].offset, kParameters[index].size);
  }

  /// Checks one pooled layer; `unit(channel, pixel)` is its row in `pooled` and `route`.
  void expect_pooled(std::size_t channels, std::size_t side, std::size_t weight,
                     std::size_t outputs, const std::function<float(std::size_t, std::size_t)>& in,
                     const float (*pooled)[kGroup], const std::uint8_t (*route)[kGroup],
                     const std::function<std::size_t(std::size_t, std::size_t)>& unit);

  std::mt19937 generator_{7};
  Parameters initial_ = random_parameters(3);
  ReferenceNetwork reference_{initial_};
  Kernels kernels_ = make_kernels(GetParam());
  std::unique_ptr<PackedParameters> parameters_ = std::make_unique<PackedParameters>();
  std::unique_ptr<KernelWeights> weights_ = std::make_unique<KernelWeights>();
  std::unique_ptr<Workspace> work_ = std::make_unique<Workspace>();
  std::unique_ptr<Gradients> gradients_ = std::make_unique<Gradients>();
};

INSTANTIATE_TEST_SUITE_P(Isas, KernelsOnIsa, testing::ValuesIn(supported_isas()),
                         [](const auto& test) { return to_string(test.param); });

TEST_P(KernelsOnIsa, LoadPixels) {
  const Split split = random_split(kGroup, 1);
  const std::uint8_t* images[kGroup];
  for (std::size_t lane = 0; lane < kGroup; ++lane) images[lane] = split.image(lane).data();
  kernels_.load_pixels(images, *work_);
  for (std::size_t lane = 0; lane < kGroup; ++lane) {
    for (std::size_t i = 0; i < kImagePixels; ++i) {
      const double expected = (images[lane][i] / 255.0 - kPixelMean) / kPixelStd;
      ASSERT_NEAR(work_->pixels[i][lane], expected, 1e-6);
    }
  }
}

void KernelsOnIsa::expect_pooled(std::size_t channels, std::size_t side, std::size_t weight,
                                 std::size_t outputs,
                                 const std::function<float(std::size_t, std::size_t)>& in,
                                 const float (*pooled)[kGroup], const std::uint8_t (*route)[kGroup],
                                 const std::function<std::size_t(std::size_t, std::size_t)>& unit) {
  const std::size_t out_side = side - 4;
  const std::size_t pixels = out_side * out_side / 4;
  for (std::size_t lane = 0; lane < kGroup; ++lane) {
    std::vector<double> input(channels * side * side);
    for (std::size_t i = 0; i < input.size(); ++i) input[i] = double{in(i, lane)};
    const ReferenceLayer expected = reference_layer(input, channels, side, tensor(weight).data(),
                                                    tensor(weight + 1).data(), outputs);
    for (std::size_t i = 0; i < expected.pooled.size(); ++i) {
      const std::size_t row = unit(i / pixels, i % pixels);
      ASSERT_NEAR(pooled[row][lane], std::max(expected.pooled[i], 0.0), 5e-6);
      const std::size_t winner = expected.winners[i];
      const auto code =
          static_cast<std::uint8_t>(winner % 2 * kRouteRight + winner / out_side % 2 * kRouteDown);
      ASSERT_EQ(route[row][lane], expected.pooled[i] > 0.0 ? code : code | kRouteInactive) << i;
    }
  }
}

TEST_P(KernelsOnIsa, Conv1Forward) {
  fill(work_->pixels);
  kernels_.conv1_forward(*parameters_, *weights_, *work_);
  expect_pooled(
      1, kImageSide, kConv1Weight, kConv1Channels,
      [&](std::size_t i, std::size_t lane) { return work_->pixels[i][lane]; }, work_->pool1[0],
      work_->route1[0],
      [](std::size_t channel, std::size_t pixel) { return channel * kPool1Pixels + pixel; });
}

TEST_P(KernelsOnIsa, Conv2Forward) {
  fill(work_->pool1, 0.5);
  kernels_.conv2_forward(*parameters_, *weights_, *work_);
  const float(*const input)[kGroup] = work_->pool1[0];
  expect_pooled(
      kConv1Channels, kPool1Side, kConv2Weight, kConv2Channels,
      [&](std::size_t i, std::size_t lane) { return input[i][lane]; }, work_->pool2, work_->route2,
      [](std::size_t channel, std::size_t pixel) { return pixel * kConv2Channels + channel; });
}

TEST_P(KernelsOnIsa, TheFirstOfEqualsWins) {
  // An image of one value: all outputs of a channel are equal.
  for (auto& pixel : work_->pixels) std::fill(std::begin(pixel), std::end(pixel), 0.0f);
  kernels_.conv1_forward(*parameters_, *weights_, *work_);
  for (const auto& channel : work_->route1) {
    for (const auto& pixel : channel) {
      for (const std::uint8_t route : pixel) ASSERT_EQ(route & ~kRouteInactive, 0);
    }
  }
}

TEST_P(KernelsOnIsa, LinearLayers) {
  fill(work_->pool2, 0.3);
  kernels_.fc1_forward(*parameters_, *work_);
  kernels_.fc2_forward(*parameters_, *work_);
  for (std::size_t lane = 0; lane < kGroup; ++lane) {
    for (std::size_t unit = 0; unit < kHidden; ++unit) {
      double sum = tensor(kFc1Bias)[unit];
      for (std::size_t c = 0; c < kConv2Channels; ++c) {
        for (std::size_t pixel = 0; pixel < kPool2Pixels; ++pixel) {
          sum += tensor(kFc1Weight)[unit * kFeatures + c * kPool2Pixels + pixel] *
                 double{work_->pool2[pixel * kConv2Channels + c][lane]};
        }
      }
      ASSERT_NEAR(work_->hidden[unit][lane], std::max(sum, 0.0), 2e-6);
    }
    for (std::size_t c = 0; c < kClassCount; ++c) {
      double sum = tensor(kFc2Bias)[c];
      for (std::size_t unit = 0; unit < kHidden; ++unit) {
        sum += tensor(kFc2Weight)[c * kHidden + unit] * double{work_->hidden[unit][lane]};
      }
      ASSERT_NEAR(work_->logits[c][lane], sum, 2e-6);
    }
  }
}

TEST_P(KernelsOnIsa, DropoutIsTheMaskOfEveryEngine) {
  const DropoutMask mask = dropout_mask(0.375, 0xFEDCBA9876543210, 0x1234567890);
  fill(work_->hidden);
  const auto before = std::make_unique<Workspace>(*work_);
  const std::uint32_t place = 59984;
  kernels_.dropout(mask, place, *work_);
  for (std::uint32_t lane = 0; lane < kGroup; ++lane) {
    const auto factors = mask.factors(place + lane);
    for (std::uint32_t unit = 0; unit < kHidden; ++unit) {
      ASSERT_EQ(work_->dropout[unit][lane], factors[unit]);
      ASSERT_EQ(work_->hidden[unit][lane], before->hidden[unit][lane] * factors[unit]);
    }
  }
}

TEST_P(KernelsOnIsa, DropoutDropsAtItsRate) {
  for (const double rate : {0.1, 0.5, 0.9}) {
    double dropped = 0.0;
    constexpr std::uint32_t kRounds = 500;
    for (std::uint32_t round = 0; round < kRounds; ++round) {
      kernels_.dropout(dropout_mask(rate, 1, round), 0, *work_);
      for (std::size_t unit = 0; unit < kHidden; ++unit) {
        for (const float factor : work_->dropout[unit]) dropped += factor == 0.0f;
      }
    }
    // Five standard deviations of 400,000 draws.
    EXPECT_NEAR(dropped / (kRounds * kHidden * kGroup), rate, 5 * 0.5 / std::sqrt(400000.0));
  }
}

TEST_P(KernelsOnIsa, TransposeActivations) {
  fill(work_->pool1);
  fill(work_->pool2);
  for (auto& channel : work_->route1) {
    for (auto& pixel : channel) std::generate_n(pixel, kGroup, [&] { return random_route(); });
  }
  for (auto& unit : work_->route2) std::generate_n(unit, kGroup, [&] { return random_route(); });
  kernels_.transpose_activations(*work_);
  for (std::size_t image = 0; image < kGroup; ++image) {
    for (std::size_t pixel = 0; pixel < kPool1Pixels; ++pixel) {
      const std::size_t lanes = pixel / kPackedPixels * kPackedLanes;
      for (std::size_t c = 0; c < 16; ++c) {
        const float expected = c < kConv1Channels ? work_->pool1[c][pixel][image] : 0.0f;
        ASSERT_EQ(work_->pool1_rows[image][pixel][c], expected);
        if (c >= kConv1Channels) continue;
        ASSERT_EQ(work_->route1_rows[image][lanes + pixel % kPackedPixels * kConv1Channels + c],
                  work_->route1[c][pixel][image]);
      }
      for (std::size_t lane = kPackedPixels * kConv1Channels; lane < kPackedLanes; ++lane) {
        ASSERT_NE(work_->route1_rows[image][lanes + lane] & kRouteInactive, 0);
      }
    }
    for (std::size_t i = 0; i < kFeatures; ++i) {
      ASSERT_EQ(work_->pool2_rows[image][i], work_->pool2[i][image]);
      ASSERT_EQ(work_->route2_rows[image][i], work_->route2[i][image]);
    }
  }
}

TEST_P(KernelsOnIsa, LinearLayersBackward) {
  fill(work_->hidden, 0.5);
  fill(work_->dropout, 0.3);
  fill(work_->logits_gradient);
  fill(work_->pool2_rows);
  for (std::size_t i = 0; i < kHiddenLanes; ++i) {
    if (i >= kHidden) std::fill_n(work_->hidden[i], kGroup, 0.0f);
  }
  kernels_.fc2_backward(*parameters_, true, true, *work_, *gradients_);
  kernels_.fc2_backward(*parameters_, true, false, *work_, *gradients_);  // adds the same again
  kernels_.fc1_backward(*parameters_, kGroup, true, *work_, *gradients_);
  kernels_.fc1_backward(*parameters_, 5, false, *work_, *gradients_);
  for (std::size_t unit = 0; unit < kHidden; ++unit) {
    double bias = 0.0;
    for (std::size_t image = 0; image < kGroup; ++image) {
      double g = 0.0;
      for (std::size_t c = 0; c < kClassCount; ++c) {
        g += tensor(kFc2Weight)[c * kHidden + unit] * double{work_->logits_gradient[c][image]};
      }
      g = work_->hidden[unit][image] > 0.0f ? g * double{work_->dropout[unit][image]} : 0.0;
      ASSERT_NEAR(work_->hidden_gradient[unit][image], g, 1e-6);
      bias += g * (image < 5 ? 2.0 : 1.0);
    }
    EXPECT_NEAR(gradients_->fc1_bias[unit], bias, 1e-5);
    for (std::size_t c = 0; c < kClassCount; ++c) {
      double sum = 0.0;
      for (std::size_t image = 0; image < kGroup; ++image) {
        sum += 2.0 * double{work_->logits_gradient[c][image]} * double{work_->hidden[unit][image]};
      }
      EXPECT_NEAR(gradients_->fc2_weight[c][unit], sum, 1e-5);
    }
    for (std::size_t i = 0; i < kFeatures; ++i) {
      double sum = 0.0;
      for (std::size_t image = 0; image < kGroup; ++image) {
        sum += double{work_->hidden_gradient[unit][image]} * double{work_->pool2_rows[image][i]} *
               (image < 5 ? 2.0 : 1.0);
      }
      ASSERT_NEAR(gradients_->fc1_weight[unit][i], sum, 1e-5);
    }
  }
  for (std::size_t image = 0; image < 5; ++image) {
    for (std::size_t i = 0; i < kFeatures; ++i) {
      double sum = 0.0;
      for (std::size_t unit = 0; unit < kHidden; ++unit) {
        sum +=
            double{work_->hidden_gradient[unit][image]} * double{parameters_->fc1_weight[unit][i]};
      }
      ASSERT_NEAR(work_->pool2_gradient_rows[image][i], sum, 1e-6);
    }
  }
}

TEST_P(KernelsOnIsa, Conv2Backward) {
  for (const std::size_t images : {1, 3, 16}) {
    fill(work_->pool1_rows);
    fill(work_->pool2_gradient_rows, 0.4);
    for (auto& image : work_->route2_rows) {
      std::generate_n(image, kFeatures, [&] { return random_route(); });
    }
    std::vector<double> weight(kConv2Channels * kTaps * 16);
    std::vector<double> bias(kConv2Channels);
    for (std::size_t image = 0; image < images; ++image) {
      std::vector<double> input(kPool1Pixels * kConv1Channels);
      for (std::size_t i = 0; i < kFeatures; ++i) {
        const std::uint8_t route = work_->route2_rows[image][i];
        if ((route & kRouteInactive) != 0) continue;
        const double g = double{work_->pool2_gradient_rows[image][i]};
        const std::size_t c = i % kConv2Channels;
        const std::size_t y = i / kConv2Channels / kPool2Side * 2 + (route & kRouteDown ? 1 : 0);
        const std::size_t x = i / kConv2Channels % kPool2Side * 2 + (route & kRouteRight ? 1 : 0);
        bias[c] += g;
        for (std::size_t tap = 0; tap < kTaps; ++tap) {
          const std::size_t pixel = (y + tap / 5) * kPool1Side + x + tap % 5;
          for (std::size_t in = 0; in < 16; ++in) {
            weight[(c * kTaps + tap) * 16 + in] += g * double{work_->pool1_rows[image][pixel][in]};
            if (in >= kConv1Channels) continue;
            input[pixel * kConv1Channels + in] +=
                g * tensor(kConv2Weight)[(c * kConv1Channels + in) * kTaps + tap];
          }
        }
      }
      kernels_.conv2_backward_input(*weights_, image, *work_);
      for (std::size_t i = 0; i < input.size(); ++i) {
        ASSERT_NEAR(work_->pool1_gradient[i], input[i], 5e-6) << i;
      }
    }
    kernels_.conv2_backward_weights(true, *work_, *gradients_);
    kernels_.conv2_backward_weights(false, *work_, *gradients_);
    const float* const found = gradients_->conv2_weight[0][0];
    for (std::size_t i = 0; i < weight.size(); ++i) {
      ASSERT_NEAR(found[i], 2.0 * weight[i], 1e-4);
    }
    for (std::size_t c = 0; c < kConv2Channels; ++c) {
      EXPECT_NEAR(gradients_->conv2_bias[c], 2.0 * bias[c], 1e-4);
    }
  }
}

TEST_P(KernelsOnIsa, Conv1BackwardAndUpdate) {
  const Split split = random_split(3, 5);
  std::vector<double> expected(kConv1Channels * (kTaps + 1));
  for (std::size_t image = 0; image < split.size(); ++image) {
    fill(work_->pool1_gradient, 0.3);
    std::fill_n(work_->route1_rows[image], sizeof(work_->route1_rows[image]), kRouteInactive);
    for (std::size_t i = 0; i < kPool1Pixels * kConv1Channels; ++i) {
      const std::uint8_t route = random_route();
      constexpr std::size_t kHalfRow = kPackedPixels * kConv1Channels;
      work_->route1_rows[image][i / kHalfRow * kPackedLanes + i % kHalfRow] = route;
      if ((route & kRouteInactive) != 0) continue;
      const double g = double{work_->pool1_gradient[i]};
      const std::size_t c = i % kConv1Channels;
      const std::size_t y = i / kConv1Channels / kPool1Side * 2 + (route & kRouteDown ? 1 : 0);
      const std::size_t x = i / kConv1Channels % kPool1Side * 2 + (route & kRouteRight ? 1 : 0);
      expected[kConv1Channels * kTaps + c] += g;
      for (std::size_t tap = 0; tap < kTaps; ++tap) {
        const std::uint8_t pixel = split.image(image)[(y + tap / 5) * kImageSide + x + tap % 5];
        expected[c * kTaps + tap] += g * (pixel / 255.0 - kPixelMean) / kPixelStd;
      }
    }
    kernels_.conv1_backward(split.image(image).data(), image, true, *work_, *gradients_);
  }
  const auto momentum = std::make_unique<PackedParameters>();
  const std::vector<const Gradients*> slots = {gradients_.get(),
                                               gradients_.get()};  // twice the gradient
  kernels_.update(0, slots, {1.0f, 0.5f, 0.0f, false}, *parameters_, *momentum, *weights_);
  const Parameters buffer = unpack(*momentum);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(buffer.values[i], 2.0 * expected[i], 2e-4);
  }
}

TEST_P(KernelsOnIsa, UpdateAddsAnyNumberOfSumsInATree) {
  std::vector<std::unique_ptr<Gradients>> sums;
  std::vector<const Gradients*> slots;
  for (std::size_t count = 1; count <= kMaxSlots; ++count) {
    sums.push_back(std::make_unique<Gradients>());
    fill(*sums.back());
    slots.push_back(sums.back().get());
    const auto momentum = std::make_unique<PackedParameters>();
    for (std::size_t unit = 1; unit < kUpdateUnits; ++unit) {
      kernels_.update(unit, slots, {0.1f, 0.5f, 0.0f, false}, *parameters_, *momentum, *weights_);
    }
    double weight = 0.0;
    double last = 0.0;
    for (const auto& sum : sums) {
      weight += double{sum->fc1_weight[49][319]};
      last += double{sum->fc2_bias[9]};
    }
    EXPECT_NEAR(momentum->fc1_weight[49][319], weight, 1e-5);
    EXPECT_NEAR(momentum->fc2_bias[9], last, 1e-5);
    if (count == 6) {  // ((0 + 1) + (2 + 3)) + (4 + 5)
      const auto value = [&](std::size_t i) { return sums[i]->conv2_weight[19][24][9]; };
      EXPECT_EQ(momentum->conv2_weight[19][24][9],
                ((value(0) + value(1)) + (value(2) + value(3))) + (value(4) + value(5)));
    }
  }
}

TEST_P(KernelsOnIsa, UpdateDerivesWhatDeriveDoes) {
  fill(*gradients_);
  const auto momentum = std::make_unique<PackedParameters>();
  const std::vector<const Gradients*> slots = {gradients_.get()};
  for (std::size_t unit = 0; unit < kUpdateUnits; ++unit) {
    kernels_.update(unit, slots, {0.1f, 0.5f, 0.01f, true}, *parameters_, *momentum, *weights_);
  }
  const auto expected = std::make_unique<KernelWeights>();
  kernels_.derive(*parameters_, *expected);
  const auto floats = [](const KernelWeights& weights) {
    return std::span(reinterpret_cast<const float*>(&weights), sizeof(weights) / sizeof(float));
  };
  EXPECT_TRUE(std::ranges::equal(floats(*weights_), floats(*expected)));
}

TEST(Packing, RoundTrip) {
  const Parameters parameters = random_parameters(1);
  const auto packed = std::make_unique<PackedParameters>();
  pack(parameters, *packed);
  EXPECT_EQ(unpack(*packed), parameters);
}

TEST(Loss, GradientIsThatOfTheLoss) {
  const auto work = std::make_unique<Workspace>();
  std::mt19937 generator(1);
  for (auto& row : work->logits) {
    for (float& logit : row) logit = static_cast<float>(generator() % 1000) / 100.0f - 5.0f;
  }
  work->logits[3][1] = 80.0f;  // needs the shift by the largest
  const std::uint8_t labels[] = {4, 3, 2, 9, 0};
  for (const double smoothing : {0.0, 0.2}) {
    const Totals totals = softmax_cross_entropy(labels, 5, smoothing, 0.25f, *work);
    double loss = 0.0;
    for (std::size_t image = 0; image < kGroup; ++image) {
      double sum = 0.0;
      for (std::size_t c = 0; c < kClassCount; ++c) sum += std::exp(double{work->logits[c][image]});
      for (std::size_t c = 0; c < kClassCount; ++c) {
        if (image >= 5) {
          EXPECT_EQ(work->logits_gradient[c][image], 0.0f);
          continue;
        }
        const double target = (c == labels[image] ? 1.0 - smoothing : 0.0) + smoothing / 10.0;
        const double probability = std::exp(double{work->logits[c][image]}) / sum;
        loss -= target * std::log(probability);
        EXPECT_NEAR(work->logits_gradient[c][image], 0.25 * (probability - target), 1e-7);
      }
    }
    EXPECT_NEAR(totals.loss, loss, 1e-5 * loss);
    EXPECT_EQ(totals.count, 5U);
    EXPECT_GE(totals.correct, 1U);
  }
}

}  // namespace
}  // namespace fmnist
