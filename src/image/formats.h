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

/// How a camera was held, 1 (upright) to 8: the orientation in the EXIF data `segment` (what a
/// JPEG's APP1 marker holds; EXIF 2.3, section 4.6.4). 1 when there is none or it is damaged.
unsigned exif_orientation(std::string_view segment);

/// The one picture of `stored` turned and mirrored to be upright.
Pictures upright(Pictures stored, unsigned orientation);

}  // namespace fmnist
