#include "tensorboard/record.h"

#include <gtest/gtest.h>

namespace fmnist {
namespace {

TEST(Crc32cTest, HasThePublishedValues) {  // RFC 3720, appendix B.4, and the usual check value
  EXPECT_EQ(crc32c("123456789"), 0xE3069283);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AA);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43);
  EXPECT_EQ(crc32c(""), 0u);
}

TEST(RecordTest, FramesDataAsTfRecordsDo) {
  // As TensorBoard's own writer frames b"abc".
  const unsigned char expected[] = {3,    0,   0,   0,   0,   0,    0,    0,    0xb0, 0x99,
                                    0x49, 0xe, 'a', 'b', 'c', 0x6e, 0x57, 0xf1, 0x21};
  EXPECT_EQ(to_record("abc"), std::string(std::begin(expected), std::end(expected)));
}

}  // namespace
}  // namespace fmnist
