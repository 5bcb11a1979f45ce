#pragma once

#include <string>
#include <string_view>

namespace fmnist {

/// `bytes` in base64 (RFC 4648) on one line, padded.
std::string base64(std::string_view bytes);

}  // namespace fmnist
