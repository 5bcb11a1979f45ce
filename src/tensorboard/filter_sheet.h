#pragma once

#include "fmnist/core/parameters.h"
#include "fmnist/image/png_writer.h"

namespace fmnist {

/// The ten 5x5 filters of the first layer in two rows on a white grey picture: 0 is mid-grey, the
/// largest weight of all by magnitude is black or white.
Picture draw_filters(const Parameters& parameters);

}  // namespace fmnist
