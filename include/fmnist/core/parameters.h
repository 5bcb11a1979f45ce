#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fmnist {

/// One named array of the network: its name as in Python, its shape, its place in `Parameters`.
struct ParameterInfo {
  std::string_view name;
  std::array<std::int64_t, 4> dims;  // the first `rank` entries count
  std::size_t rank;
  std::size_t offset;  // in floats
  std::size_t size;    // in floats

  constexpr std::span<const std::int64_t> shape() const { return {dims.data(), rank}; }
};

/// The eight arrays of the network in the order of Python's `state_dict()`.
inline constexpr std::array<ParameterInfo, 8> kParameters = {{
    {"conv1.weight", {10, 1, 5, 5}, 4, 0, 250},
    {"conv1.bias", {10}, 1, 250, 10},
    {"conv2.weight", {20, 10, 5, 5}, 4, 260, 5000},
    {"conv2.bias", {20}, 1, 5260, 20},
    {"fc1.weight", {50, 320}, 2, 5280, 16000},
    {"fc1.bias", {50}, 1, 21280, 50},
    {"fc2.weight", {10, 50}, 2, 21330, 500},
    {"fc2.bias", {10}, 1, 21830, 10},
}};

inline constexpr std::size_t kParameterCount = kParameters.back().offset + kParameters.back().size;
static_assert(kParameterCount == 21840);

/// A value for every parameter of the network (weights, gradients or momentum buffers): one flat
/// array of 21,840 floats, zero at first, with the eight tensors one after the other.
struct Parameters {
  std::vector<float> values = std::vector<float>(kParameterCount);

  std::span<float> tensor(std::size_t index) {
    return std::span(values).subspan(kParameters[index].offset, kParameters[index].size);
  }
  std::span<const float> tensor(std::size_t index) const {
    return std::span(values).subspan(kParameters[index].offset, kParameters[index].size);
  }

  bool operator==(const Parameters&) const = default;
};

/// Everything an optimiser step changes: what a checkpoint holds and an engine continues from.
struct TrainState {
  Parameters parameters;
  Parameters momentum;
  std::uint64_t step = 0;  // optimiser updates done so far

  bool operator==(const TrainState&) const = default;
};

/// SHA-256 (hex) over the bytes of the eight tensors in order: the `weights_sha256` of the results.
std::string fingerprint(const Parameters& parameters);

/// True when no value is NaN or infinite.
bool all_finite(const Parameters& parameters);

}  // namespace fmnist
