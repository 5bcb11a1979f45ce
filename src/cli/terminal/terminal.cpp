#include "cli/terminal/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
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

// The cursor rests at the start of the bar, or of the rows above it. A terminal that wraps them
// when it is made narrower keeps the cursor there, so that erasing to the end of the screen takes
// all rows of it away.
constexpr std::string_view kErase = "\r\x1b[J";

std::atomic<bool> bar_is_drawn = false;  // the terminal is one, so is this

void write_to_terminal(std::string_view text) {
  // A terminal that has gone away is no reason to stop.
  (void)!::write(STDERR_FILENO, text.data(), text.size());
}

/// Whether the terminal's user looks at this program and not at the shell, as after `&` or Ctrl-Z.
bool in_foreground() {
  const pid_t foreground = ::tcgetpgrp(STDERR_FILENO);
  return foreground < 0 || foreground == ::getpgrp();
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

std::mutex& terminal_mutex() {
  static std::mutex mutex;
  return mutex;
}

void draw_at_cursor(std::string_view text) {
  if (!in_foreground()) return;
  const std::lock_guard lock(terminal_mutex());
  bar_is_drawn = true;
  write_to_terminal(text);
}

void erase_bar() {
  if (bar_is_drawn.exchange(false) && in_foreground()) write_to_terminal(kErase);
}

}  // namespace fmnist
