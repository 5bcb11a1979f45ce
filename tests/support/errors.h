#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>

#include "fmnist/core/error.h"

namespace fmnist {

/// Runs `action`, which must throw an `Error` of `kind`, and returns its sentence; a test failure
/// and "" otherwise.
template <typename Action>
std::string error_of(ErrorKind kind, Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(to_string(error.kind()), to_string(kind)) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no Error was thrown";
  return {};
}

/// Expects each of `parts` in `sentence`, which must be one line.
inline void expect_parts(const std::string& sentence,
                         std::initializer_list<std::string_view> parts) {
  for (const std::string_view part : parts) {
    EXPECT_NE(sentence.find(part), std::string::npos) << "no \"" << part << "\" in: " << sentence;
  }
  EXPECT_EQ(sentence.find('\n'), std::string::npos) << sentence;
}

}  // namespace fmnist
