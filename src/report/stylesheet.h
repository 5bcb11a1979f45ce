#pragma once

#include <string_view>

namespace fmnist {

/// The page's CSS: light and dark by the reader's preference, for screens from 360 pixels and for
/// paper. Colours are those of Okabe and Ito, darker or lighter where text needs the contrast.
extern const std::string_view kStylesheet;

}  // namespace fmnist
