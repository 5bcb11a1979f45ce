#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "fmnist/core/config.h"
#include "fmnist/sweep/space.h"

namespace fmnist {

enum class Search { kGrid, kRandom };
template <>
inline constexpr std::array<std::string_view, 2> kEnumNames<Search>{"grid", "random"};

/// What a sweep tries, as asked for.
struct PlanRequest {
  std::vector<std::string> vary;  // "lr=0.01,0.02"
  int seeds = 3;
  Search search = Search::kGrid;
  std::optional<int> trials;   // settings to draw; with kRandom only
  std::optional<int> halving;  // keep the best 1/N of the settings after every rung
};

/// A value for every dimension of a plan, as one types it.
using Setting = std::vector<std::string>;

/// Settings × seeds: trial number `setting * seeds + k` runs `setting` with the k-th seed.
struct Plan {
  Config base;
  std::vector<Dimension> dimensions;
  std::vector<Setting> settings;
  std::vector<std::uint64_t> seeds;
  std::uint64_t halving = 0;         // 0: none
  std::vector<std::uint64_t> rungs;  // with halving: epochs after which settings are compared

  std::size_t trial_count() const { return settings.size() * seeds.size(); }
  std::size_t trial_of(std::size_t setting, std::size_t k) const {
    return setting * seeds.size() + k;
  }
  std::size_t setting_of(std::size_t trial) const { return trial / seeds.size(); }
  std::uint64_t seed_of(std::size_t trial) const { return seeds[trial % seeds.size()]; }
};

/// Plans the trials around `base`, whose seed is the first one, and checks every setting. Random
/// settings are a pure function of the request and that seed. Throws `Error` (kUsage).
Plan make_plan(const PlanRequest& request, const Config& base);

/// The configuration of `setting` with `seed`.
Config trial_config(const Plan& plan, std::size_t setting, std::uint64_t seed);

/// Whether `option` is one of the dimensions.
bool varies(const Plan& plan, const Option& option);

/// The numbers of all settings.
std::vector<std::size_t> all_settings(const Plan& plan);

/// "lr=0.01 momentum=0.9".
std::string setting_text(const Plan& plan, std::size_t setting);

/// All that decides the trials' results, besides data and machine: what a sweep that goes on must
/// have in common with the one that was stopped.
nlohmann::ordered_json to_json(const Plan& plan);

/// {"lr": 0.01, "momentum": 0.9}.
nlohmann::ordered_json setting_json(const Plan& plan, std::size_t setting);

}  // namespace fmnist
