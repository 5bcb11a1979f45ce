#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fmnist/image/picture.h"

namespace fmnist {

/// The readers of single formats; see `decode_pictures` for what they promise.
Pictures decode_png(std::string_view bytes, const std::string& name, const PictureLimits& limits);
Pictures decode_jpeg(std::string_view bytes, const std::string& name, const PictureLimits& limits);
Pictures decode_pgm(std::string_view bytes, const std::string& name, const PictureLimits& limits);

/// Throws `Error` (kData): the picture `name` has this `problem`.
[[noreturn]] void refuse_picture(const std::string& name, const std::string& problem,
                                 const std::string& hint = "give a whole file");

/// Throws `Error` (kData) when the picture has no pixel or more than `limits` allow.
void check_size(std::uint64_t width, std::uint64_t height, const std::string& name,
                const PictureLimits& limits);

/// Grey pixels of interleaved 8-bit samples: grey, grey and alpha, RGB, or RGB and alpha, as
/// `channels` (1 to 4) says.
std::vector<std::uint8_t> to_grey(std::span<const std::uint8_t> samples, std::size_t channels);

}  // namespace fmnist
