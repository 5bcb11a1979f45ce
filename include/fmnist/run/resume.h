#pragma once

#include <set>
#include <string>
#include <vector>

#include "fmnist/core/config.h"
#include "fmnist/engine/engine.h"

namespace fmnist {

/// A setting that a resumed run cannot change, as text for people.
struct SettingConflict {
  std::string option;
  std::string saved;
  std::string given;
};

/// What keeps a run from going on with the engine `given` to the bits that it would have come to
/// with `saved`: another engine, another kind of device (never its number), and on LibTorch's side
/// another number of threads. Instruction sets are compared where both are known.
std::vector<SettingConflict> conflicts_between(const EngineInfo& saved, const EngineInfo& given);

/// The settings of the resumed run: the `saved` ones, overlaid by the options `given` (names) of
/// `config` as far as they leave the trained network as it is; more epochs are allowed, too. What
/// is not allowed is appended to `conflicts`.
Config resume_config(const Config& saved, const Config& config, const std::set<std::string>& given,
                     std::vector<SettingConflict>& conflicts);

}  // namespace fmnist
