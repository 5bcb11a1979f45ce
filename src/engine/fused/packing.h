#pragma once

#include "engine/fused/layout.h"
#include "fmnist/core/parameters.h"

namespace fmnist {

/// From Python's order of the parameters to the kernels' order; `packed` must be zero at first.
void pack(const Parameters& parameters, PackedParameters& packed);

/// The way back.
Parameters unpack(const PackedParameters& packed);

}  // namespace fmnist
