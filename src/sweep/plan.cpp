#include "fmnist/sweep/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "fmnist/core/error.h"
#include "fmnist/core/random.h"

namespace fmnist {
namespace {

using nlohmann::ordered_json;

[[noreturn]] void refuse(const std::string& problem, const std::string& hint) {
  throw Error(ErrorKind::kUsage, problem, hint);
}

void check_request(const PlanRequest& request, const Config& base) {
  if (request.vary.empty())
    refuse("sweep needs --vary", "say what to vary, for example --vary lr=0.005,0.01,0.02");
  if (base.val_split == 0) {
    refuse("a sweep chooses by validation images, never by the test set: --val-split is 0",
           "give --val-split 5000, say");
  }
  if (request.search == Search::kRandom && !request.trials)
    refuse("--search random does not say how many settings to draw", "add --trials N");
  if (request.search == Search::kGrid && request.trials) {
    refuse("--trials has a meaning with --search random only: a grid runs every combination",
           "add --search random, or leave --trials out");
  }
}

void check_count(std::size_t settings, std::size_t seeds) {
  if (settings <= kMaxTrials / seeds) return;
  refuse(fmt::format("the sweep would have more than {} trials (settings x {} seed{})", kMaxTrials,
                     seeds, seeds == 1 ? "" : "s"),
         "give fewer values or seeds, or draw some settings with --search random --trials N");
}

/// Every combination, the last dimension running fastest.
std::vector<Setting> grid(const std::vector<Dimension>& dimensions, std::size_t seeds) {
  std::vector<Setting> settings = {{}};
  for (const Dimension& dimension : dimensions) {
    if (dimension.values.empty()) {
      const auto vary = fmt::format("{}={}", dimension.option->name, dimension.text);
      refuse(fmt::format("--vary {} does not say how many values a grid takes", vary),
             fmt::format("write {}:7, say, or draw from the range with --search random --trials N",
                         vary));
    }
    check_count(settings.size() * dimension.values.size(), seeds);
    std::vector<Setting> longer;
    for (const Setting& setting : settings) {
      for (const std::string& value : dimension.values) {
        longer.push_back(setting);
        longer.back().push_back(value);
      }
    }
    settings = std::move(longer);
  }
  return settings;
}

/// `count` different settings.
std::vector<Setting> draw_settings(const std::vector<Dimension>& dimensions, std::size_t count,
                                   std::uint64_t seed) {
  std::vector<Setting> settings;
  std::set<Setting> seen;
  const std::size_t attempts = 100 * count + 1000;  // coupons: n ln n draws find n values
  for (std::size_t attempt = 0; attempt < attempts && settings.size() < count; ++attempt) {
    Setting setting;
    for (std::uint32_t d = 0; d < dimensions.size(); ++d)
      setting.push_back(draw(dimensions[d], random_bits(seed, Stream::kSearch, d, attempt)));
    if (seen.insert(setting).second) settings.push_back(std::move(setting));
  }
  if (settings.size() < count) {
    refuse(fmt::format("--trials {} asks for more settings than there are: {} different ones were "
                       "found",
                       count, settings.size()),
           "ask for fewer, or widen what varies");
  }
  return settings;
}

std::vector<std::uint64_t> seeds_from(const Config& base, std::uint64_t count) {
  const Option& option = *find_option("seed");
  std::vector<std::uint64_t> seeds;
  for (std::uint64_t i = 0; i < count; ++i) seeds.push_back(base.seed + i);
  Config last;
  option.set(last, std::to_string(seeds.back()));  // throws when out of range
  return seeds;
}

/// Epochs at which the number of settings falls to 1/eta: from the last one down, each a 1/eta of
/// the next (Jamieson and Talwalkar, "Non-stochastic best arm identification", AISTATS 2016).
std::vector<std::uint64_t> rungs_of(std::uint64_t eta, std::size_t settings, std::uint64_t epochs) {
  std::vector<std::uint64_t> rungs = {epochs};
  for (std::size_t left = settings / eta; left >= 1 && rungs.front() / eta >= 1; left /= eta)
    rungs.insert(rungs.begin(), rungs.front() / eta);
  if (rungs.size() > 1) return rungs;
  refuse(fmt::format("--halving {0} needs at least {0} settings and {0} epochs, found {1} and {2}",
                     eta, settings, epochs),
         "leave --halving out, or give more values or --epochs");
}

void plan_halving(std::uint64_t eta, Plan& plan) {
  if (varies(plan, *find_option("epochs"))) {
    refuse("--halving and --vary epochs exclude each other: halving gives the epochs to the best",
           "leave one of them out");
  }
  plan.halving = eta;
  plan.rungs = rungs_of(eta, plan.settings.size(), plan.base.epochs);
}

/// The configuration of a setting with the first seed.
Config first_config(const Plan& plan, std::size_t setting) {
  return trial_config(plan, {.setting = setting, .seed = plan.seeds.front()});
}

void check_settings(const Plan& plan) {
  for (std::size_t setting = 0; setting < plan.settings.size(); ++setting) {
    const auto where = fmt::format("the setting {} cannot run: ", setting_text(plan, setting));
    const Config config = first_config(plan, setting);
    try {
      validate(config);
    } catch (const Error& error) {
      refuse(where + error.what(), error.hint());
    }
    if (config.epochs == 0)
      refuse(where + "without an epoch there is nothing to compare", "give --epochs 1 or more");
  }
}

}  // namespace

Plan make_plan(const PlanRequest& request, const Config& base) {
  check_request(request, base);
  Plan plan;
  plan.base = base;
  for (const std::string& text : request.vary) {
    const Dimension dimension = parse_dimension(text);
    if (varies(plan, *dimension.option)) {
      refuse(fmt::format("--vary {} is given twice", dimension.option->name),
             "give all its values in one --vary");
    }
    plan.dimensions.push_back(dimension);
  }
  plan.seeds = seeds_from(base, request.seeds);
  if (request.search == Search::kRandom) {
    check_count(*request.trials, plan.seeds.size());
    plan.settings = draw_settings(plan.dimensions, *request.trials, base.seed);
  } else {
    plan.settings = grid(plan.dimensions, plan.seeds.size());
  }
  if (request.halving) plan_halving(*request.halving, plan);
  plan.final = request.final;
  check_settings(plan);
  return plan;
}

Config trial_config(const Plan& plan, const Trial& trial) {
  Config config = plan.base;
  for (std::size_t d = 0; d < plan.dimensions.size(); ++d)
    plan.dimensions[d].option->set(config, plan.settings[trial.setting][d]);
  config.seed = trial.seed;
  if (trial.stage == Stage::kFinal) config.val_split = 0;
  return config;
}

std::uint64_t epochs_of(const Plan& plan, std::size_t setting) {
  return first_config(plan, setting).epochs;
}

std::size_t number_of(const Plan& plan, const Trial& trial) {
  const std::size_t k = trial.seed - plan.seeds.front();
  return trial.stage == Stage::kFinal ? k : trial.setting * plan.seeds.size() + k;
}

bool varies(const Plan& plan, const Option& option) {
  return std::ranges::find(plan.dimensions, &option, &Dimension::option) != plan.dimensions.end();
}

std::string setting_text(const Plan& plan, std::size_t setting, const Option* without) {
  std::string text;
  for (std::size_t d = 0; d < plan.dimensions.size(); ++d) {
    const Option* const option = plan.dimensions[d].option;
    if (option == without) continue;
    text +=
        fmt::format("{}{}={}", text.empty() ? "" : " ", option->name, plan.settings[setting][d]);
  }
  return text;
}

ordered_json setting_json(const Plan& plan, std::size_t setting) {
  const Config config = first_config(plan, setting);
  ordered_json json;
  for (const Dimension& dimension : plan.dimensions)
    json[dimension.option->key()] = dimension.option->get(config);
  return json;
}

ordered_json to_json(const Plan& plan) {
  ordered_json base;
  for (const Option& option : options()) {
    if (option.changes_result && !varies(plan, option)) base[option.key()] = option.get(plan.base);
  }
  ordered_json vary;
  for (const Dimension& dimension : plan.dimensions) vary[dimension.option->key()] = dimension.text;
  ordered_json settings = ordered_json::array();
  for (std::size_t i = 0; i < plan.settings.size(); ++i) settings.push_back(setting_json(plan, i));
  return {{"base", base},
          {"vary", vary},
          {"settings", settings},
          {"seeds", plan.seeds},
          {"trials", plan.trial_count()},
          {"halving", plan.halving == 0 ? ordered_json() : ordered_json(plan.halving)},
          {"rungs", plan.rungs}};
}

}  // namespace fmnist
