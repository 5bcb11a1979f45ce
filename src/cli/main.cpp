#include <csignal>
#include <exception>
#include <string>

#include "cli/command_line.h"
#include "cli/log.h"
#include "cli/output.h"
#include "cli/train_command.h"
#include "fmnist/core/options.h"
#include "fmnist/run/results.h"

namespace fmnist {
namespace {

constexpr int kPipeClosed = 128 + SIGPIPE;

int run(int argc, char** argv, bool& json) {
  const Invocation invocation = parse_command_line(argc, argv);
  json = invocation.config.json;
  switch (invocation.command) {
    case Invocation::Command::kPrintText:
      print(invocation.text);
      return 0;
    case Invocation::Command::kPrintConfig:
      print(to_toml(invocation.config));
      return 0;
    case Invocation::Command::kTrain:
      break;
  }
  return run_training(invocation);
}

int report(const Error& error, bool json) {
  log_error(error.what() + (error.hint().empty() ? "" : "; " + error.hint()));
  if (json) print(to_line(error_event(error.kind(), error.what(), error.hint())) + "\n");
  return static_cast<int>(error.kind());
}

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  open_log(Verbosity::kNormal);
  bool json = false;
  try {
    try {
      return run(argc, argv, json);
    } catch (const Error& error) {
      return report(error, json);
    } catch (const OutputClosed&) {
      throw;
    } catch (const std::exception& error) {
      const std::string text = error.what();
      return report(Error(ErrorKind::kRuntime, "unexpected: " + text.substr(0, text.find('\n'))),
                    json);
    }
  } catch (const std::exception&) {  // nobody reads the results, or the error event
    return kPipeClosed;
  }
}

}  // namespace
}  // namespace fmnist

int main(int argc, char** argv) { return fmnist::main(argc, argv); }
