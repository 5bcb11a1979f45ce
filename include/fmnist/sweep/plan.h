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
  std::uint64_t seeds = 3;
  Search search = Search::kGrid;
  std::optional<std::uint64_t> trials;   // settings to draw; with kRandom only
  std::optional<std::uint64_t> halving;  // keep the best 1/N of the settings after every rung
  bool final = false;  // train the best setting on all training images, and test it
};

/// A value for every dimension of a plan, as one types it.
using Setting = std::vector<std::string>;

/// Settings × seeds. Every setting is trained with every seed.
struct Plan {
  Config base;
  std::vector<Dimension> dimensions;
  std::vector<Setting> settings;
  std::vector<std::uint64_t> seeds;
  std::uint64_t halving = 0;         // 0: none
  std::vector<std::uint64_t> rungs;  // with halving: epochs after which settings are compared
  bool final = false;                // the best setting is trained on all training images, too

  std::size_t trial_count() const { return settings.size() * seeds.size(); }
};

/// What a training is for.
enum class Stage {
  kSearch,  // to compare the settings, by images held out for validation
  kFinal,   // the best setting on all training images, evaluated on the test set
};

/// One training of a setting with a seed. Its records are found by stage, setting and seed.
struct Trial {
  Stage stage = Stage::kSearch;
  std::size_t setting = 0;  // its place in the plan
  std::uint64_t seed = 0;
  std::uint64_t until = 0;  // epochs to have finished, at most those of its configuration
};

/// Plans the trials around `base`, whose seed is the first one, and checks every setting. Random
/// settings are a pure function of the request and that seed. Throws `Error` (kUsage).
Plan make_plan(const PlanRequest& request, const Config& base);

/// The configuration of `trial`: that of its full length.
Config trial_config(const Plan& plan, const Trial& trial);

/// The epochs of a trial of `setting` that is trained to its end.
std::uint64_t epochs_of(const Plan& plan, std::size_t setting);

/// The number by which files and events call `trial`, among those of its stage.
std::size_t number_of(const Plan& plan, const Trial& trial);

/// Whether `option` is one of the dimensions.
bool varies(const Plan& plan, const Option& option);

/// "lr=0.01 momentum=0.9", of all dimensions but that of `without`.
std::string setting_text(const Plan& plan, std::size_t setting, const Option* without = nullptr);

/// All that decides the trials' results, besides data and machine: what a sweep that goes on must
/// have in common with the one that was stopped.
nlohmann::ordered_json to_json(const Plan& plan);

/// {"lr": 0.01, "momentum": 0.9}.
nlohmann::ordered_json setting_json(const Plan& plan, std::size_t setting);

}  // namespace fmnist
