#pragma once

#include <filesystem>
#include <string>

#include "fmnist/core/config.h"

namespace fmnist {

/// Sends the log, as much of it as `config` wants to see, to standard error: information plain,
/// warnings and errors with their level, colour only on a terminal that wants it (NO_COLOR,
/// CLICOLOR_FORCE, TERM=dumb, CI).
void open_log(const Config& config);

/// Writes the log to a file too, with times and without colour. Throws `Error` (kRuntime) when the
/// file cannot be opened.
void add_log_file(const std::filesystem::path& path, bool append);

/// Log lines; on standard error `log_to_files` never shows, `log_detail` with --verbose only, and
/// --quiet hides all but errors.
void log_to_files(const std::string& line);
void log_detail(const std::string& line);
void log_info(const std::string& line);
void log_warning(const std::string& line);
void log_error(const std::string& line);

}  // namespace fmnist
