#include "fmnist/core/digest.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace fmnist {
namespace {

std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// FIPS 180-2, appendix B.
TEST(Sha256, GivesTheStandardsExamples) {
  EXPECT_EQ(sha256_hex(as_bytes("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(as_bytes(std::string(1000000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, OfNothingIsDefined) {
  EXPECT_EQ(sha256_hex({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha256, DoesNotDependOnHowTheBytesArrive) {
  const std::string text(1000, 'x');
  for (const std::size_t first : {0U, 1U, 63U, 64U, 65U, 1000U}) {
    EXPECT_EQ(sha256_hex_of({as_bytes(text).first(first), as_bytes(text).subspan(first)}),
              sha256_hex(as_bytes(text)))
        << first;
  }
}

}  // namespace
}  // namespace fmnist
