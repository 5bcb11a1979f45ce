#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "fmnist/core/names.h"

namespace fmnist {

/// What went wrong, as far as a caller can act on it; the value is the program's exit status.
enum class ErrorKind {
  kRuntime = 1,
  kUsage = 2,
  kData = 3,
  kDevice = 4,
  kCheckpoint = 5,
  kDiverged = 6,
  kGate = 7,  // finished, but below --fail-under
};

/// The names in the JSON `error` event.
template <>
inline constexpr std::array<std::string_view, 8> kEnumNames<ErrorKind>{
    "", "runtime", "usage", "data", "device", "checkpoint", "diverged", "gate"};

/// The one exception of this program: a sentence for a person (what, where, expected, found) and a
/// hint (what to do next, may be empty). Thrown anywhere, caught once in `main`.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message, std::string hint = {})
      : std::runtime_error(message), kind_(kind), hint_(std::move(hint)) {}

  ErrorKind kind() const { return kind_; }
  const std::string& hint() const { return hint_; }

 private:
  ErrorKind kind_;
  std::string hint_;
};

}  // namespace fmnist
