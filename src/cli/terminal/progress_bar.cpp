#include "cli/terminal/progress_bar.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "cli/terminal/terminal.h"
#include "fmnist/core/text.h"

namespace fmnist {
namespace {

constexpr auto kInterval = std::chrono::milliseconds(100);
constexpr std::size_t kNarrowestBar = 7;  // brackets included
constexpr std::size_t kWidestBar = 42;
constexpr std::string_view kGap = "  ";

/// "0:05", "12:34", "1:02:03".
std::string clock_time(double seconds) {
  constexpr double kLongest = 1000.0 * 3600.0 - 1.0;
  const long all = std::lround(std::clamp(seconds, 0.0, kLongest));
  if (all < 3600) return fmt::format("{}:{:02}", all / 60, all % 60);
  return fmt::format("{}:{:02}:{:02}", all / 3600, all / 60 % 60, all % 60);
}

double fraction_done(const BarValues& values) {
  const auto total = static_cast<double>(std::max<std::uint64_t>(values.total, 1));
  return std::min(static_cast<double>(values.done) / total, 1.0);
}

std::string brackets(double fraction, std::size_t width) {
  const auto inside = static_cast<double>(width - 2);
  const auto filled = static_cast<std::size_t>(fraction * inside);
  return "[" + std::string(filled, '#') + std::string(width - 2 - filled, '.') + "]";
}

/// What stands right of the bar, the most important first.
std::vector<std::string> parts_of(const BarValues& values) {
  std::vector<std::string> texts = {
      fmt::format("{:3.0f}%", std::floor(100.0 * fraction_done(values)))};
  if (values.seconds_left) texts.push_back("ETA " + clock_time(*values.seconds_left));
  if (values.metrics) {
    texts.push_back("loss " + fixed(values.metrics->loss, 4));
    texts.push_back("acc " + percentage(values.metrics->accuracy));
  }
  if (values.images_per_second) texts.push_back(fixed(*values.images_per_second, 0) + " images/s");
  return texts;
}

}  // namespace

std::string render_bar(const BarValues& values, std::size_t columns) {
  std::string right;
  std::size_t left = values.label.size();
  const std::size_t bar = kGap.size() + kNarrowestBar;
  const bool with_bar = left + bar <= columns;
  if (with_bar) left += bar;
  for (const std::string& text : parts_of(values)) {
    if (left + right.size() + kGap.size() + text.size() > columns) break;
    right += std::string(kGap) + text;
  }
  std::string line = values.label.substr(0, columns);
  if (with_bar) {
    const std::size_t room = columns - left - right.size();
    line += std::string(kGap) +
            brackets(fraction_done(values), std::min(kNarrowestBar + room, kWidestBar));
  }
  return line + right;
}

ProgressStyle progress_style(const Config& config) {
  if (config.quiet) return ProgressStyle::kNone;
  const bool possible = can_redraw(STDERR_FILENO);
  switch (config.progress) {
    case ProgressStyle::kAuto:
      return possible && !in_ci() ? ProgressStyle::kBar : ProgressStyle::kLines;
    case ProgressStyle::kBar:
      return possible ? ProgressStyle::kBar : ProgressStyle::kLines;
    case ProgressStyle::kLines:
    case ProgressStyle::kNone:
      break;
  }
  return config.progress;
}

ProgressBar::~ProgressBar() {
  const std::lock_guard lock(terminal_mutex());
  erase_bar();
}

void ProgressBar::draw(const BarValues& values, const std::vector<std::string>& rows) {
  next_drawing_ = Clock::now() + kInterval;
  // Never the last column: some terminals go to the next row after it.
  const auto columns = static_cast<std::size_t>(std::max(terminal_columns(STDERR_FILENO) - 1, 0));
  std::string text = "\r";
  // One row is left to the log.
  const bool with_rows = rows.size() + 2 <= static_cast<std::size_t>(terminal_rows(STDERR_FILENO));
  const std::size_t above = with_rows ? rows.size() : 0;
  for (std::size_t i = 0; i < above; ++i) text += rows[i].substr(0, columns) + "\x1b[K\n";
  text += render_bar(values, columns) + "\x1b[J\r";
  if (above > 0) text += fmt::format("\x1b[{}A", above);
  draw_at_cursor(text);
}

}  // namespace fmnist
