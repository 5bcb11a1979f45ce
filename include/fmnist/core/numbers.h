#pragma once

#include <cstdint>
#include <string>

namespace fmnist {

/// `value` with a fixed number of decimals.
std::string fixed(double value, int decimals);

/// A fraction as people read it: 0.8127 is "81.27%".
std::string percentage(double fraction, int decimals = 2);

/// "10,000".
std::string grouped(std::uint64_t count);

/// "1 epoch", "10,000 images".
std::string counted(std::uint64_t count, const std::string& noun);

}  // namespace fmnist
