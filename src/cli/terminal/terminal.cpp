#include "cli/terminal/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace fmnist {
namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

winsize size_of(int descriptor) {
  winsize size{};
  return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size : winsize{};
}

}  // namespace

bool wants_color(int descriptor) {
  if (!environment("NO_COLOR").empty()) return false;
  const std::string_view force = environment("CLICOLOR_FORCE");
  if (!force.empty() && force != "0") return true;
  return !in_ci() && environment("TERM") != "dumb" && isatty(descriptor) == 1;
}

bool can_redraw(int descriptor) {
  const std::string_view terminal = environment("TERM");
  return isatty(descriptor) == 1 && !terminal.empty() && terminal != "dumb";
}

bool in_ci() { return !environment("CI").empty(); }

int terminal_columns(int descriptor) {
  const int columns = size_of(descriptor).ws_col;
  return columns == 0 ? 80 : columns;
}

int terminal_rows(int descriptor) {
  const int rows = size_of(descriptor).ws_row;
  return rows == 0 ? 24 : rows;
}

}  // namespace fmnist
