#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fmnist {

/// Throws `Error` (kData): the file `name` has this `problem`.
[[noreturn]] void refuse_file(const std::string& name, const std::string& problem,
                              const std::string& hint = "replace the file by a whole one");

/// What a gzip file begins with.
inline constexpr std::string_view kGzipMagic = "\x1f\x8b";

/// Inflates a whole gzip file of one member (RFC 1952) and checks its CRC; `name` stands for the
/// file in messages. `limit` bounds the inflated size in bytes. Throws `Error` (kData) when the
/// file is cut, corrupt, followed by anything, or larger.
std::string gunzip(std::string_view bytes, const std::string& name, std::size_t limit);

}  // namespace fmnist
