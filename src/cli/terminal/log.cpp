#include "cli/terminal/log.h"

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <mutex>

#include "cli/terminal/terminal.h"
#include "fmnist/core/error.h"

namespace fmnist {
namespace {

/// The pattern flag `%*`: "warning: " or "error: " before such lines, nothing before others.
class LevelPrefix final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& destination) override {
    if (message.level < spdlog::level::warn) return;
    const spdlog::string_view_t prefix =
        message.level == spdlog::level::warn ? "warning: " : "error: ";
    destination.append(prefix.begin(), prefix.end());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<LevelPrefix>();
  }
};

using StderrSink = spdlog::sinks::ansicolor_stderr_sink_mt;

/// Standard error, shared with the progress bar.
class ConsoleSink final : public StderrSink {
 public:
  using StderrSink::StderrSink;

  void log(const spdlog::details::log_msg& message) override {
    const std::lock_guard lock(terminal_mutex());
    erase_bar();
    StderrSink::log(message);
  }
};

/// A log that cannot be written (a full disk, say) is told once and does not end the run.
void report_log_failure(const std::string& reason) {
  static std::once_flag once;
  std::call_once(once, [&] {
    const std::lock_guard lock(terminal_mutex());
    erase_bar();
    std::fprintf(stderr, "warning: the log is incomplete: %s\n", reason.c_str());
  });
}

std::unique_ptr<spdlog::formatter> make_formatter(const char* pattern) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  formatter->add_flag<LevelPrefix>('*').set_pattern(pattern);
  return formatter;
}

/// `text` on one line: names of files may hold anything. A tab stays.
std::string one_line(const std::string& text) {
  std::string line;
  for (const char letter : text) {
    const auto code = static_cast<unsigned char>(letter);
    if ((code >= 0x20 && code != 0x7f) || letter == '\t') {
      line += letter;
    } else {
      line += fmt::format("\\x{:02x}", code);
    }
  }
  return line;
}

}  // namespace

void open_log(const Config& config) {
  auto sink = std::make_shared<ConsoleSink>(wants_color(STDERR_FILENO) ? spdlog::color_mode::always
                                                                       : spdlog::color_mode::never);
  sink->set_formatter(make_formatter("%^%*%$%v"));
  sink->set_level(config.quiet     ? spdlog::level::err
                  : config.verbose ? spdlog::level::debug
                                   : spdlog::level::info);
  auto logger = std::make_shared<spdlog::logger>("fmnist-train", std::move(sink));
  logger->set_level(spdlog::level::trace);
  logger->flush_on(spdlog::level::trace);
  logger->set_error_handler(report_log_failure);
  spdlog::set_default_logger(std::move(logger));
}

void add_log_file(const std::filesystem::path& path, bool append) {
  const auto directory = path.has_parent_path() ? path.parent_path() : ".";
  if (!std::filesystem::is_directory(directory)) {  // spdlog would make it
    throw Error(ErrorKind::kRuntime,
                fmt::format("cannot open the log file '{}': there is no directory '{}'",
                            path.string(), directory.string()),
                "make the directory, or choose another place for the file");
  }
  try {
    auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path.string(), !append);
    sink->set_formatter(make_formatter("%Y-%m-%dT%H:%M:%S.%eZ %*%v"));
    sink->set_level(spdlog::level::trace);
    spdlog::default_logger()->sinks().push_back(std::move(sink));
  } catch (const spdlog::spdlog_ex& error) {
    throw Error(ErrorKind::kRuntime,
                fmt::format("cannot open the log file '{}': {}", path.string(), error.what()),
                "choose another place for it, or make that one writable");
  }
}

void log_to_files(const std::string& line) {
  spdlog::default_logger()->trace("{}", one_line(line));
}
void log_detail(const std::string& line) { spdlog::default_logger()->debug("{}", one_line(line)); }
void log_info(const std::string& line) { spdlog::default_logger()->info("{}", one_line(line)); }
void log_warning(const std::string& line) { spdlog::default_logger()->warn("{}", one_line(line)); }
void log_error(const std::string& line) { spdlog::default_logger()->error("{}", one_line(line)); }

}  // namespace fmnist
