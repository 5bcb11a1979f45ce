#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <exception>
#include <string>

#include "cli/arguments/command_line.h"
#include "cli/commands/commands.h"
#include "cli/commands/shared.h"
#include "cli/terminal/log.h"
#include "cli/terminal/output.h"
#include "fmnist/core/text.h"
#include "fmnist/run/results.h"

namespace fmnist {
namespace {

constexpr int kPipeClosed = 128 + SIGPIPE;

int run(int argc, char** argv) {
  const Invocation invocation = parse_command_line(argc, argv, commands());
  if (invocation.text) {
    print(*invocation.text);
    return 0;
  }
  const Config& config = invocation.config;
  open_log(config);
  if (config.log_file) add_log_file(*config.log_file, /*append=*/false);
  return invocation.command->run(invocation);
}

/// Whether --json stands on the command line: known before it is parsed, for errors in it.
bool wants_json(int argc, char** argv) {
  return std::any_of(argv + std::min(argc, 1), argv + argc,
                     [](const char* argument) { return std::strcmp(argument, "--json") == 0; });
}

int report(const Error& error, bool json) {
  log_error(full_text(error));
  try {
    if (json) print_json(error_event(error.kind(), error.what(), error.hint()));
  } catch (const std::exception&) {  // standard output cannot be written: the status still says it
  }
  return static_cast<int>(error.kind());
}

/// Gives closed standard streams to /dev/null: a file opened later must not get their numbers.
void open_standard_streams() {
  for (int descriptor = open("/dev/null", O_RDWR); descriptor >= 0 && descriptor <= STDERR_FILENO;
       descriptor = open("/dev/null", O_RDWR)) {
    if (descriptor == STDERR_FILENO) return;
  }
}

int main(int argc, char** argv) {
  open_standard_streams();
  // Closed pipes and file size limits are errors of the write, not signals.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  open_log({});
  const bool json = wants_json(argc, argv);
  try {
    return run(argc, argv);
  } catch (const Error& error) {
    return report(error, json);
  } catch (const OutputClosed&) {
    return kPipeClosed;
  } catch (const std::exception& error) {
    return report(Error(ErrorKind::kRuntime, "unexpected: " + first_line(error.what())), json);
  }
}

}  // namespace
}  // namespace fmnist

int main(int argc, char** argv) { return fmnist::main(argc, argv); }
