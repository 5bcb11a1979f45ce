#include "engine/fused/close_calls.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>

#include "engine/fused/isa.h"
#include "engine/fused/kernels.h"
#include "engine/fused/packing.h"
#include "engine/fused/random_inputs.h"
#include "engine/fused/reference_network.h"

namespace fmnist {
namespace {

/// Weights that are multiples of 1/32, all but for some units in the last place of a float: many
/// entries of pool windows come close to each other, and to zero.
Parameters coarse_parameters() {
  std::mt19937 generator(11);
  Parameters parameters;
  for (std::size_t tensor = 0; tensor < 4; ++tensor) {
    for (float& weight : parameters.tensor(tensor)) {
      const auto coarse = static_cast<int>(generator() % 17) - 8;
      const auto fine = static_cast<int>(generator() % 9) - 4;
      weight = static_cast<float>(coarse * 0.03125 + fine * 0x1p-22);
    }
  }
  return parameters;
}

/// Images of few shades behind a border, as in `random_split`.
Split coarse_split() {
  Split split = random_split(kGroup, 5);
  for (std::uint8_t& pixel : split.images) pixel = static_cast<std::uint8_t>(pixel / 32 * 32);
  return split;
}

class CloseCallsOnIsa : public testing::TestWithParam<Isa> {
 protected:
  CloseCallsOnIsa() {
    pack(initial_, *parameters_);
    kernels_.derive(*parameters_, *weights_);
    const std::uint8_t* images[kGroup];
    for (std::size_t lane = 0; lane < kGroup; ++lane) images[lane] = split_.image(lane).data();
    kernels_.load_pixels(images, *work_);
    kernels_.conv1_forward(*parameters_, *weights_, *work_);
    kernels_.conv2_forward(*parameters_, *weights_, *work_);
  }

  /// How many routes of both layers lead elsewhere than to an entry that is largest, and above
  /// zero, in double.
  int wrong_routes() const;

  const double* tensor(std::size_t index) const {
    return exact_.parameters.data() + kParameters[index].offset;
  }

  const Parameters initial_ = coarse_parameters();
  const ReferenceNetwork exact_{initial_};
  const Split split_ = coarse_split();
  const Kernels kernels_ = make_kernels(GetParam());
  std::unique_ptr<PackedParameters> parameters_ = std::make_unique<PackedParameters>();
  std::unique_ptr<KernelWeights> weights_ = std::make_unique<KernelWeights>();
  std::unique_ptr<Workspace> work_ = std::make_unique<Workspace>();
};

INSTANTIATE_TEST_SUITE_P(Isas, CloseCallsOnIsa, testing::ValuesIn(supported_isas()),
                         [](const auto& test) { return to_string(test.param); });

/// Whether `route` leads to the largest of the window at (`y`, `x`) of `outputs` [side, side]; the
/// window's pooled value goes to `pooled`. Entries that are equal but for the order of a sum tie.
bool leads_to_largest(std::uint8_t route, const double* outputs, std::size_t side, std::size_t y,
                      std::size_t x, std::vector<double>& pooled) {
  constexpr double kEqual = 1e-12;
  const double* const corner = outputs + 2 * y * side + 2 * x;
  const double largest = std::max({corner[0], corner[1], corner[side], corner[side + 1]});
  pooled.push_back(std::max(largest, 0.0));
  if (std::abs(largest) < kEqual) return true;
  if (largest < 0.0) return (route & kRouteInactive) != 0;
  const double chosen = corner[route / kRouteDown % 2 * side + route % 2];
  return (route & kRouteInactive) == 0 && largest - chosen < kEqual;
}

int CloseCallsOnIsa::wrong_routes() const {
  int wrong = 0;
  for (std::size_t lane = 0; lane < kGroup; ++lane) {
    std::vector<double> pixels;
    for (const std::uint8_t pixel : split_.image(lane)) {
      pixels.push_back((pixel / 255.0 - kPixelMean) / kPixelStd);
    }
    std::vector<double> pool1, pool2;
    const auto conv1 =
        reference_convolve(pixels, 1, kImageSide, tensor(0), tensor(1), kConv1Channels);
    for (std::size_t i = 0; i < kConv1Channels * kPool1Pixels; ++i) {
      const std::size_t channel = i / kPool1Pixels;
      const std::uint8_t route = work_->route1[channel][i % kPool1Pixels][lane];
      wrong += !leads_to_largest(route, &conv1[channel * 24 * 24], 24, i / kPool1Side % kPool1Side,
                                 i % kPool1Side, pool1);
    }
    const auto conv2 =
        reference_convolve(pool1, kConv1Channels, kPool1Side, tensor(2), tensor(3), kConv2Channels);
    for (std::size_t i = 0; i < kFeatures; ++i) {
      const std::size_t channel = i / kPool2Pixels;
      const std::uint8_t route = work_->route2[i % kPool2Pixels * kConv2Channels + channel][lane];
      wrong += !leads_to_largest(route, &conv2[channel * 64], 8, i / kPool2Side % kPool2Side,
                                 i % kPool2Side, pool2);
    }
  }
  return wrong;
}

TEST_P(CloseCallsOnIsa, SettledRoutesAreThoseOfExactArithmetic) {
  EXPECT_GT(wrong_routes(), 0);  // what there is to settle
  settle_close_calls(*parameters_, *work_);
  EXPECT_EQ(wrong_routes(), 0);
}

TEST_P(CloseCallsOnIsa, ClearRoutesStayAsTheyAre) {
  const auto before = std::make_unique<Workspace>(*work_);
  settle_close_calls(*parameters_, *work_);
  for (std::size_t unit = 0; unit < kFeatures; ++unit) {
    for (std::size_t lane = 0; lane < kGroup; ++lane) {
      if ((before->route2[unit][lane] & kRouteClose) != 0) continue;
      ASSERT_EQ(work_->route2[unit][lane], before->route2[unit][lane]);
    }
  }
}

}  // namespace
}  // namespace fmnist
