#pragma once

#include "fmnist/core/config.h"
#include "fmnist/engine/engine.h"

namespace fmnist {

/// Loads LibTorch's CUDA library when CUDA is wanted and chooses the device. A CUDA device that was
/// asked for and does not work gives the CPU with `fell_back`, or throws `Error` (kDevice) when
/// `required`.
DeviceChoice choose_device(const DeviceRequest& request, bool required);

}  // namespace fmnist
