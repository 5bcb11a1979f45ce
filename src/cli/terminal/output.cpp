#include "cli/terminal/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>
#include <string_view>

#include "cli/terminal/terminal.h"
#include "fmnist/core/error.h"
#include "fmnist/run/results.h"

namespace fmnist {

void print(const std::string& text) {
  std::unique_lock<std::mutex> lock;
  if (isatty(STDOUT_FILENO) == 1) {
    lock = std::unique_lock(terminal_mutex());
    erase_bar();
  }
  std::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EPIPE) {
      throw OutputClosed();
    } else if (errno != EINTR) {
      throw Error(ErrorKind::kRuntime,
                  fmt::format("cannot write to standard output: {}", std::strerror(errno)),
                  "free space where it goes, or send it elsewhere");
    }
  }
}

void print_json(const nlohmann::ordered_json& event) { print(to_line(event) + "\n"); }

}  // namespace fmnist
