#pragma once

#include <string>

namespace fmnist {

/// Catches SIGINT and SIGTERM: the first asks for an orderly stop, the second ends the program at
/// once. SIGUSR1 asks for a checkpoint.
void install_signal_handlers();

/// The signal that asked for a stop, or 0.
int stop_signal();

/// "SIGINT" or "SIGTERM", once one of them asked for a stop.
std::string stop_signal_name();

/// The exit status of a program that it stopped: 128 plus its number, as shells have it.
int stopped_status();

/// Whether SIGUSR1 asked for a checkpoint since the last call.
bool take_checkpoint_request();

}  // namespace fmnist
