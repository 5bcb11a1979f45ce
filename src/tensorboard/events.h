#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "fmnist/image/png_writer.h"

namespace fmnist {

/// TensorBoard's events of now as protocol buffers: messages `Event` and `Summary` of TensorFlow's
/// event.proto and summary.proto.

/// What an event file begins with.
std::string version_event();

/// The run goes on after `step`: what an earlier session logged of later steps does not count.
std::string restart_event(std::uint64_t step);

/// Numbers at `step`, each with its tag.
std::string scalars_event(std::uint64_t step,
                          const std::vector<std::pair<std::string, double>>& scalars);

/// A grey picture at `step`.
std::string image_event(std::uint64_t step, const std::string& tag, const Picture& picture);

}  // namespace fmnist
