#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fmnist {

/// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78) of `bytes`.
std::uint32_t crc32c(std::string_view bytes);

/// `data` as one record of TensorFlow's TFRecord format: length (8 bytes), checksum of the length,
/// data, checksum of the data; all little-endian, the checksums masked.
std::string to_record(std::string_view data);

}  // namespace fmnist
