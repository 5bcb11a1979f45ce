#include "tensorboard/record.h"

#include <array>

namespace fmnist {
namespace {

/// The effect of each low byte on the checksum.
constexpr std::array<std::uint32_t, 256> kTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? 0x82F63B78 : 0);
    table[byte] = value;
  }
  return table;
}();

std::string little_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int byte = 0; byte < bytes; ++byte) text += static_cast<char>(value >> 8 * byte & 0xff);
  return text;
}

/// TFRecord turns and shifts checksums, so that one of data that hold checksums is a good one, too.
std::string masked_checksum(std::string_view bytes) {
  const std::uint32_t sum = crc32c(bytes);
  const std::uint32_t masked = (sum >> 15 | sum << 17) + 0xA282EAD8;
  return little_endian(masked, 4);
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t sum = 0xFFFFFFFF;
  for (const char byte : bytes)
    sum = sum >> 8 ^ kTable[(sum ^ static_cast<unsigned char>(byte)) & 0xff];
  return ~sum;
}

std::string to_record(std::string_view data) {
  const std::string length = little_endian(data.size(), 8);
  std::string record = length + masked_checksum(length);
  record += data;
  return record + masked_checksum(data);
}

}  // namespace fmnist
