#include "fmnist/run/resume.h"

#include "fmnist/core/options.h"

namespace fmnist {

std::vector<SettingConflict> conflicts_between(const EngineInfo& saved, const EngineInfo& given) {
  std::vector<SettingConflict> conflicts;
  const auto compare = [&](const char* option, const std::string& before, const std::string& now) {
    if (before != now) conflicts.push_back({option, before, now});
  };
  const auto kind = [](const EngineInfo& engine) {
    return engine.device.substr(0, engine.device.find(':'));
  };
  compare("engine", std::string(to_string(saved.name)), std::string(to_string(given.name)));
  compare("device", kind(saved), kind(given));
  if (saved.name != given.name) return conflicts;  // what follows has no meaning for two engines
  if (given.name == EngineChoice::kTorch)
    compare("threads", std::to_string(saved.threads), std::to_string(given.threads));
  if (kind(given) == "cpu" && !saved.isa.empty() && !given.isa.empty())
    compare("isa", saved.isa, given.isa);
  return conflicts;
}

Config resume_config(const Config& saved, const Config& config, const std::set<std::string>& given,
                     std::vector<SettingConflict>& conflicts) {
  Config used = saved;
  for (const Option& option : options()) {
    const bool is_given = given.contains(std::string(option.name));
    const std::string wanted = option.text(config);
    const std::string before = option.text(saved);
    const bool grows = option.may_grow && option.get(config) > option.get(saved);
    if (is_given && option.changes_result && wanted != before && !grows) {
      conflicts.push_back({std::string(option.name), before, wanted});
    } else if (is_given || !option.saved) {
      option.copy(used, config);
    }
  }
  return used;
}

}  // namespace fmnist
