// The torch engine against Python PyTorch of the same version (tests/goldens): the arithmetic is
// the same library's, so on the same instruction set the values agree to the last bits.

#include <ATen/Version.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <numeric>

#include "fmnist/engine/torch/torch_engine.h"
#include "support/goldens.h"

namespace fmnist {
namespace {

/// 1e-6 on the instruction set that the goldens were made with, else what Python itself was seen to
/// differ by between instruction sets (see scripts/make_goldens.py).
double tolerance() {
  const auto made = nlohmann::json::parse(read_golden("gradients").metadata.at("made"));
  return made["isa"] == at::get_cpu_capability() ? 1e-6 : 5e-6;
}

TEST(ParityTest, InitialWeightsHaveTheBytesOfPython) {
  const SafetensorsFile golden = read_golden("initial_weights");
  const auto made = nlohmann::json::parse(golden.metadata.at("made"));
  for (const unsigned seed : {0u, 1u, 42u}) {
    const std::string name = "seed" + std::to_string(seed);
    const Parameters parameters = initial_parameters(seed);
    EXPECT_EQ(parameters, golden_parameters(golden, name)) << name;
    EXPECT_EQ(fingerprint(parameters), made["weights_sha256"][name]) << name;
  }
}

TEST(ParityTest, LogitsAreThoseOfPython) {
  const SafetensorsFile golden = read_golden("gradients");
  const Split images = golden_images();
  const auto engine = make_torch_engine({}, {initial_parameters(0), {}, 0}, "cpu", 1);
  for (const std::size_t count : {std::size_t{64}, std::size_t{7}}) {
    const auto logits = engine->logits(std::span(images.images).first(count * kImagePixels));
    const auto expected = golden_floats(golden, "batch" + std::to_string(count) + ".logits");
    EXPECT_LE(relative_difference(logits, expected), tolerance());
  }
}

TEST(ParityTest, EveryGradientIsThatOfPython) {
  const SafetensorsFile golden = read_golden("gradients");
  const Split images = golden_images();
  std::vector<std::uint32_t> order(images.size());
  std::iota(order.begin(), order.end(), 0u);
  Config options;
  options.dropout = 0.0;
  for (const std::size_t count : {std::size_t{64}, std::size_t{7}}) {
    const auto engine = make_torch_engine(options, {initial_parameters(0), {}, 0}, "cpu", 1);
    engine->start_epoch(images, order);
    engine->train_step(0, count, 0.01, 0);
    const std::string name = "batch" + std::to_string(count);
    // After the first step the momentum buffers are the gradients.
    expect_close(engine->state().momentum, golden_parameters(golden, name + ".gradient"),
                 tolerance(), name + " gradient");
    EXPECT_NEAR(engine->drain().loss / static_cast<double>(count),
                golden_floats(golden, name + ".loss").at(0), 1e-6);
  }
}

void expect_steps_like_python(const std::string& name, const Config& options) {
  const SafetensorsFile golden = read_golden(name);
  const Split images = golden_images();
  std::vector<std::uint32_t> order(images.size());
  std::iota(order.begin(), order.end(), 0u);
  const auto engine = make_torch_engine(options, {initial_parameters(0), {}, 0}, "cpu", 1);
  engine->start_epoch(images, order);
  const auto losses = golden_floats(golden, "loss");
  for (std::size_t step = 0; step < losses.size(); ++step) {
    engine->train_step(step * 64, 64, 0.01, step);
    EXPECT_NEAR(engine->drain().loss / 64, losses[step], 1e-6 * losses[step] + 1e-7) << step;
  }
  expect_close(engine->state().parameters, golden_parameters(golden, "final"), tolerance(), name);
  expect_close(engine->state().momentum, golden_parameters(golden, "momentum"), 10 * tolerance(),
               name + " momentum");
}

TEST(ParityTest, TenStepsWithMomentumAreThoseOfPython) {
  Config options;
  options.dropout = 0.0;
  expect_steps_like_python("steps_momentum", options);
}

TEST(ParityTest, StepsWithNesterovWeightDecayAndLabelSmoothingAreThoseOfPython) {
  Config options;
  options.dropout = 0.0;
  options.nesterov = true;
  options.weight_decay = 5e-4;
  options.label_smoothing = 0.1;
  expect_steps_like_python("steps_nesterov", options);
}

}  // namespace
}  // namespace fmnist
