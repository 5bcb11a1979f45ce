#pragma once

#include <array>
#include <cstdint>

namespace fmnist {

/// Four random 32-bit words as a pure function of key and counter: Philox4x32-10 (Salmon et al.,
/// "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
constexpr std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 2> key,
                                              std::array<std::uint32_t, 4> counter) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t product1 = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<std::uint32_t>(product1),
               static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<std::uint32_t>(product0)};
    key = {key[0] + 0x9E3779B9, key[1] + 0xBB67AE85};
  }
  return counter;
}

/// What a random number is for: keeps the streams of one seed apart.
enum class Stream : std::uint32_t { kOrder = 1, kValSplit = 2, kDropout = 3, kSearch = 4 };

/// 64 random bits as a pure function of (seed, stream, major, minor), for example (seed, kOrder,
/// epoch, position).
constexpr std::uint64_t random_bits(std::uint64_t seed, Stream stream, std::uint32_t major,
                                    std::uint64_t minor) {
  const auto words =
      philox({static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
             {static_cast<std::uint32_t>(minor), static_cast<std::uint32_t>(minor >> 32), major,
              static_cast<std::uint32_t>(stream)});
  return std::uint64_t{words[0]} << 32 | words[1];
}

/// An integer in [0, bound) from 64 random bits by multiplication (Lemire 2019, without rejection:
/// the bias is below bound / 2^64).
constexpr std::uint64_t bounded(std::uint64_t bits, std::uint64_t bound) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>((Wide{bits} * bound) >> 64);
}

}  // namespace fmnist
