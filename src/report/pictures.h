#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>

#include "fmnist/image/png_writer.h"

namespace fmnist {

/// The image [28, 28] as it is.
Picture grey_picture(std::span<const std::uint8_t> pixels);

/// Maps [n, side, side], in rows of `columns`, a transparent pixel between them; black is 0, white
/// the largest value of all.
Picture map_picture(std::span<const float> maps, std::size_t side, std::size_t columns);

/// Weights [side, side]: orange where positive, blue where negative, the stronger the farther from
/// 0; full colour at ±`largest`.
Picture weight_picture(std::span<const float> weights, std::size_t side, float largest);

/// What picture.html shows: the size, and the PNG file in base64.
nlohmann::json to_json(const Picture& picture);

}  // namespace fmnist
