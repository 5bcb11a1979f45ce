#pragma once

#include <memory>
#include <string>

#include "fmnist/engine/engine.h"

namespace fmnist {

/// LibTorch operations and autograd on any device ("cpu", "cuda:0"): the reference engine.
/// `threads` sets LibTorch's CPU threads. See `Engine` for the contract.
std::unique_ptr<Engine> make_torch_engine(const Config& config, const TrainState& state,
                                          const std::string& device, int threads);

/// What an engine made with these says of itself.
EngineInfo torch_engine_info(const std::string& device, int threads);

/// The network's weights after `torch::manual_seed(seed)`, byte-equal to the Python script's.
Parameters initial_parameters(std::uint64_t seed);

/// The version of the LibTorch this program was built with, for example "2.15.0".
std::string libtorch_version();

}  // namespace fmnist
