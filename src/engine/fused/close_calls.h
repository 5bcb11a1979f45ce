#pragma once

#include "engine/fused/layout.h"

namespace fmnist {

/// At most this many routes of a group are settled. More are close only in images without structure
/// (one shade of grey), where every route leads to the same gradient.
inline constexpr int kMaxCloseCalls = 256;

/// Decides the routes that the forward kernels marked `kRouteClose` again, in double from the
/// pixels on.
///
/// Winograd's rounding errors are several times those of direct sums. They do not matter to a
/// value, but where two entries of a pool window differ by less, or the largest is that close to
/// ReLU's zero, they send the gradient another way than the exact network does.
void settle_close_calls(const PackedParameters& parameters, Workspace& work);

}  // namespace fmnist
