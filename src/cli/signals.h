#pragma once

namespace fmnist {

/// Catches SIGINT and SIGTERM: the first asks for an orderly stop, the second ends the program at
/// once. A closed pipe is no signal but an error of the write.
void install_signal_handlers();

/// The signal that asked for a stop, or 0.
int stop_signal();

}  // namespace fmnist
