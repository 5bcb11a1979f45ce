#pragma once

namespace fmnist {

/// Whether text on this descriptor may carry colour: NO_COLOR and TERM=dumb forbid it,
/// CLICOLOR_FORCE demands it, else a terminal outside CI gets it.
bool wants_color(int descriptor);

}  // namespace fmnist
