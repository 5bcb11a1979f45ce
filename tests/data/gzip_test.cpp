#include "fmnist/data/gzip.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "support/errors.h"
#include "support/idx_writer.h"

namespace fmnist {
namespace {

constexpr std::size_t kLimit = 1 << 20;

std::string error_for(std::string_view bytes, std::size_t limit = kLimit) {
  return error_of(ErrorKind::kData, [&] { gunzip(bytes, "the/file.gz", limit); });
}

/// Some text, some noise: literals, matches and several Huffman blocks' worth.
std::string sample(std::size_t size) {
  std::string bytes;
  for (std::uint32_t i = 0; bytes.size() < size; ++i) {
    bytes += "line " + std::to_string(i);
    bytes += static_cast<char>(philox({1, 2}, {i, 0, 0, 0})[0]);
  }
  bytes.resize(size);
  return bytes;
}

std::string flipped(std::string bytes, std::size_t place, int bits) {
  bytes[place] = static_cast<char>(bytes[place] ^ bits);
  return bytes;
}

TEST(Gunzip, InvertsGzip) {
  for (const std::size_t size : {0U, 1U, 1000U, 300000U}) {
    EXPECT_EQ(gunzip(gzip(sample(size)), "file.gz", kLimit), sample(size)) << size;
  }
  const std::string zeros(kLimit, '\0');  // the best ratio there is
  EXPECT_EQ(gunzip(gzip(zeros), "file.gz", kLimit), zeros);
}

// Made by Python's gzip module with a file name in the header: an IDX file of five labels.
TEST(Gunzip, ReadsAFileOfAnotherProgramWithAFileName) {
  constexpr std::array<unsigned char, 50> kBytes = {
      0x1f, 0x8b, 0x08, 0x08, 0x00, 0x00, 0x00, 0x00, 0x02, 0xff, 0x73, 0x6d, 0x61,
      0x6c, 0x6c, 0x2d, 0x69, 0x64, 0x78, 0x31, 0x2d, 0x75, 0x62, 0x79, 0x74, 0x65,
      0x00, 0x63, 0x60, 0xe0, 0x60, 0x64, 0x60, 0x60, 0x60, 0x65, 0x66, 0x64, 0x61,
      0x64, 0x05, 0x00, 0xed, 0x2d, 0xdc, 0x9b, 0x0d, 0x00, 0x00, 0x00};
  EXPECT_EQ(gunzip({reinterpret_cast<const char*>(kBytes.data()), kBytes.size()}, "f.gz", kLimit),
            idx_bytes({5}, {3, 1, 4, 1, 5}));
}

TEST(Gunzip, RefusesAFileCutAtAnyLength) {
  const std::string whole = gzip(sample(500));
  for (std::size_t length = 1; length < whole.size(); ++length) {
    SCOPED_TRACE(length);
    // On the heap and of this very size, so that the sanitizer sees a byte read beyond it.
    const std::vector<char> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    expect_parts(error_for({cut.data(), cut.size()}), {"'the/file.gz'", "is cut short"});
  }
}

TEST(Gunzip, RefusesAnEmptyFile) { expect_parts(error_for(""), {"'the/file.gz'", "is empty"}); }

TEST(Gunzip, RefusesPlainBytes) {
  expect_parts(error_for(idx_bytes({20}, std::vector<std::uint8_t>(20, 1))),
               {"'the/file.gz'", "is not compressed"});
}

TEST(Gunzip, AFlippedBitIsRefusedOrWithoutMeaning) {
  const std::string plain = sample(500);
  const std::string whole = gzip(plain);
  std::size_t accepted = 0;
  for (std::size_t place = 0; place < whole.size(); ++place) {
    for (int bit = 0; bit < 8; ++bit) {
      try {
        EXPECT_EQ(gunzip(flipped(whole, place, 1 << bit), "file.gz", kLimit), plain)
            << "byte " << place << ", bit " << bit;
        ++accepted;
      } catch (const Error&) {
      }
    }
  }
  // The time, level and system in the header (bytes 4 to 9), its text flag, and up to seven bits
  // that fill the last byte of the compressed data.
  EXPECT_LE(accepted, 6U * 8 + 1 + 7);
}

TEST(Gunzip, RefusesAnythingAfterTheEnd) {
  const std::string whole = gzip(sample(500));
  const std::string end = "ends after " + std::to_string(whole.size()) + " of ";
  expect_parts(error_for(whole + '\0'), {"'the/file.gz'", "is too long", end});
  expect_parts(error_for(whole + std::string(512, '\0')), {"is too long", end});
  expect_parts(error_for(whole + "\xff\xff\xff\xff"), {"is too long", end});
  expect_parts(error_for(whole + gzip("second member")), {"is too long"});
  expect_parts(error_for(whole + gzip(sample(5000))), {"is too long"});
}

TEST(Gunzip, InflatesUpToTheLimitAndNotBeyond) {
  const std::string bomb = gzip(std::string(500000, '\0'));
  EXPECT_EQ(gunzip(bomb, "file.gz", 500000).size(), 500000U);
  expect_parts(error_for(bomb, 499999), {"'the/file.gz'", "more than 499999 bytes"});
  expect_parts(error_for(bomb, 10), {"more than 10 bytes"});
}

// The size in the trailer is a hint of the file's own; what it claims must not be believed.
TEST(Gunzip, DoesNotTrustTheSizeInTheTrailer) {
  std::string bytes = gzip(std::string(50000, '\0'));
  bytes.replace(bytes.size() - 4, 4, std::string_view("\x01\x00\x00\x00", 4));
  expect_parts(error_for(bytes), {"corrupt"});
  bytes.replace(bytes.size() - 4, 4, "\xff\xff\xff\xff");
  expect_parts(error_for(bytes), {"corrupt"});
}

}  // namespace
}  // namespace fmnist
