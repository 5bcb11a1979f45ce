#pragma once

#include <string_view>

#include "fmnist/image/picture.h"

namespace fmnist {

/// How a camera was held, 1 (upright) to 8: the orientation in the EXIF data `segment` (what a
/// JPEG's APP1 marker holds; EXIF 2.3, section 4.6.4). 1 when there is none or it is damaged.
unsigned exif_orientation(std::string_view segment);

/// The one picture of `stored` turned and mirrored to be upright.
Pictures upright(Pictures stored, unsigned orientation);

}  // namespace fmnist
