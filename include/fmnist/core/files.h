#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "fmnist/core/error.h"

namespace fmnist {

/// Replaces `path` by a file holding `bytes`, or leaves it as it was: temporary file in the same
/// directory, fsync, rename, fsync of the directory. Throws `Error` (kRuntime) naming the path and
/// the system's reason; the temporary file is gone then.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

/// Adds `line` and a line break at the end of `path`, made where it is missing, and waits for the
/// disk. Throws `Error` (kRuntime) naming the path and the system's reason; a part of the line may
/// be there then.
void append_line(const std::filesystem::path& path, std::string_view line);

/// The whole content of a regular file. Throws `Error` of `kind` naming the path and the reason
/// when it is missing, not a regular file, or unreadable.
std::string read_file(const std::filesystem::path& path, ErrorKind kind);

}  // namespace fmnist
