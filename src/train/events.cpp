#include "fmnist/train/events.h"

#include <algorithm>
#include <array>
#include <utility>

namespace fmnist {
namespace {

constexpr std::array<std::pair<std::string_view, RunStatus>, 4> kStatusNames = {
    {{"finished", RunStatus::kFinished},
     {"interrupted", RunStatus::kInterrupted},
     {"diverged", RunStatus::kDiverged},
     {"max_time", RunStatus::kMaxTime}}};

}  // namespace

std::string_view to_string(RunStatus status) {
  return std::ranges::find(kStatusNames, status, [](const auto& entry) { return entry.second; })
      ->first;
}

std::optional<RunStatus> parse_run_status(std::string_view name) {
  const auto* const found =
      std::ranges::find(kStatusNames, name, [](const auto& entry) { return entry.first; });
  if (found == kStatusNames.end()) return std::nullopt;
  return found->second;
}

}  // namespace fmnist
