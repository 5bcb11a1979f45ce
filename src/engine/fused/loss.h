#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/fused/layout.h"
#include "fmnist/core/metrics.h"

namespace fmnist {

/// Softmax cross-entropy with label smoothing over the first `images` lanes of `work.logits`: their
/// totals, and in `work.logits_gradient` the gradient of `scale` × the summed loss (zero in the
/// other lanes).
Totals softmax_cross_entropy(const std::uint8_t* labels, std::size_t images, double label_smoothing,
                             float scale, Workspace& work);

}  // namespace fmnist
