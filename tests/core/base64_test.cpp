#include "fmnist/core/base64.h"

#include <gtest/gtest.h>

#include <string>

namespace fmnist {
namespace {

TEST(Base64, EncodesTheVectorsOfTheStandard) {  // RFC 4648, section 10
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) EXPECT_EQ(base64(bytes), text);
}

TEST(Base64, TakesEveryByte) { EXPECT_EQ(base64(std::string("\x00\xff\xfb\x80", 4)), "AP/7gA=="); }

}  // namespace
}  // namespace fmnist
