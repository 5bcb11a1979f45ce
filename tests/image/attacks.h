#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "fmnist/core/error.h"
#include "fmnist/image/picture.h"

namespace fmnist {

inline constexpr PictureLimits kTestLimits{.file_bytes = 1 << 20, .pixels = 1 << 16};

/// What `decode_pictures` says of `bytes`, which it must refuse: one sentence that names the file.
inline std::string refusal_of(std::string_view bytes, const PictureLimits& limits = kTestLimits) {
  // On the heap and of this very size, so that the sanitizer sees a byte read beyond it.
  const std::vector<char> exact(bytes.begin(), bytes.end());
  try {
    decode_pictures({exact.data(), exact.size()}, "the/file", limits);
  } catch (const Error& error) {
    const std::string sentence = error.what();
    EXPECT_EQ(error.kind(), ErrorKind::kData) << sentence;
    EXPECT_TRUE(sentence.starts_with("'the/file' ")) << sentence;
    EXPECT_EQ(sentence.find('\n'), std::string::npos) << sentence;
    return sentence;
  }
  ADD_FAILURE() << "no Error was thrown";
  return {};
}

inline void expect_refused_at_any_length(const std::string& whole) {
  for (std::size_t length = 0; length < whole.size(); ++length) {
    SCOPED_TRACE(length);
    refusal_of(whole.substr(0, length));
  }
  EXPECT_NO_THROW(decode_pictures(whole, "whole", kTestLimits));
}

/// Flips bits of each byte: what comes is pictures of the size they say, or an `Error`. Returns how
/// many of the changed files were refused.
inline int refused_with_flipped_bytes(const std::string& whole) {
  int refused = 0;
  for (std::size_t place = 0; place < whole.size(); ++place) {
    for (const int flip : {0x01, 0x10, 0x80, 0xff}) {
      std::vector<char> bytes(whole.begin(), whole.end());
      bytes[place] = static_cast<char>(bytes[place] ^ flip);
      try {
        const Pictures read = decode_pictures({bytes.data(), bytes.size()}, "file", kTestLimits);
        EXPECT_EQ(read.pixels.size(), read.count * read.height * read.width) << place;
        EXPECT_GT(read.pixels.size(), 0U) << place;
      } catch (const Error&) {
        ++refused;
      }
    }
  }
  return refused;
}

}  // namespace fmnist
