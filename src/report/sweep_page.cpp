#include "fmnist/report/sweep_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "fmnist/core/text.h"
#include "fmnist/sweep/sweep_table.h"
#include "report/page.h"
#include "report/sections.h"

namespace fmnist {
namespace {

using nlohmann::json;

/// How sure it is that the best setting is the best.
std::string verdict_sentence(const SavedSweep& sweep) {
  const SettingSummary* best = winner(sweep.ranking);
  if (best == nullptr) return "No setting was trained to its end with every seed.";
  const auto with = [&](Verdict verdict) {
    return static_cast<std::size_t>(
        std::ranges::count(sweep.ranking, verdict, &SettingSummary::verdict));
  };
  const std::size_t noise = with(Verdict::kNoise);
  const std::size_t worse = with(Verdict::kWorse);
  if (with(Verdict::kUnknown) > 0) {
    return "One seed: nothing can be said of which differences between the settings are chance.";
  }
  if (noise + worse == 0) return "It is the only setting that was trained to its end.";
  const std::string others =
      fmt::format("{} trained to the end", counted(noise + worse, "other setting"));
  if (noise == 0) return fmt::format("Its lead over the {} is hardly chance.", others);
  if (worse > 0) {
    return fmt::format(
        "Its lead over {} of the {} may be chance. {} {} worse, and hardly by chance.", noise,
        others, worse, worse == 1 ? "is" : "are");
  }
  return fmt::format("Its lead over {} {} may be chance.", noise == 1 ? "the" : "every one of the",
                     others);
}

json best_of(const SavedSweep& sweep) {
  const SettingSummary* best = winner(sweep.ranking);
  if (best == nullptr) return nullptr;
  const Spread& accuracy = *best->accuracy;
  return {{"accuracy", percentage(accuracy.mean)},
          {"values", setting_text(sweep.plan, best->setting)},
          {"sd", accuracy.sd ? json(percentage(*accuracy.sd)) : json()}};
}

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

json ranking_rows(const SavedSweep& sweep) {
  json rows;
  for (const SettingSummary& summary : sweep.ranking) {
    rows.push_back({{"verdict", to_string(summary.verdict)},
                    {"values", sweep.plan.settings[summary.setting]},
                    {"accuracy", accuracy_text(summary.accuracy)},
                    {"loss", loss_text(summary.loss)},
                    {"difference", or_dash(difference_text(summary))},
                    {"p", summary.corrected_p ? fixed(*summary.corrected_p, 3) : "-"},
                    {"verdict_text", verdict_text(summary)}});
  }
  return rows;
}

json explanation(const SavedSweep& sweep) {
  const auto lines = verdicts_explained(sweep.plan, sweep.ranking);
  return lines.empty() ? json() : json{{"lines", lines}};
}

json final_section(const SavedSweep& sweep) {
  if (sweep.finals.empty()) return nullptr;
  json seeds;
  for (const TrialRecord& record : sweep.finals) {
    const auto& figures = record.figures;
    seeds.push_back(
        {{"seed", record.trial.seed},
         {"outcome", figures ? fmt::format("{}, loss {}", percentage(figures->accuracy),
                                           fixed(figures->loss, 4))
                             : fmt::format("{}: {}", to_string(record.status), record.message)}});
  }
  json together;
  const auto accuracy = spread_over(sweep.finals, &Metrics::accuracy);
  if (accuracy && accuracy->sd) {
    together = {{"accuracy", accuracy_text(accuracy)},
                {"loss", loss_text(spread_over(sweep.finals, &Metrics::loss))}};
  }
  return {{"seeds", seeds}, {"together", together}};
}

json trial_rows(const SavedSweep& sweep) {
  json rows;
  for (const SettingSummary& summary : sweep.ranking) {
    for (const TrialRecord& record : summary.trials) {
      if (rows.size() == kTrialsInReport) return rows;
      const auto& figures = record.figures;
      const std::string_view end = to_string(record.status);
      rows.push_back(
          {{"values", sweep.plan.settings[summary.setting]},
           {"seed", record.trial.seed},
           {"epochs", record.epochs},
           {"accuracy", figures ? percentage(figures->accuracy) : "-"},
           {"loss", figures ? fixed(figures->loss, 4) : "-"},
           {"end", record.message.empty() ? end : fmt::format("{}: {}", end, record.message)}});
    }
  }
  return rows;
}

json varied_options(const Plan& plan) {
  json rows;
  for (const Dimension& dimension : plan.dimensions)
    rows.push_back({{"name", dimension.option->name}, {"values", dimension.text}});
  return rows;
}

json shared_options(const Plan& plan) {
  return option_rows(
      plan.base,
      {OptionGroup::kRecipe, OptionGroup::kData, OptionGroup::kMachine, OptionGroup::kOutput},
      [&](const Option& option) {
        return option.changes_result && option.name != "seed" && !varies(plan, option);
      });
}

}  // namespace

json sweep_data(const SavedSweep& sweep) {
  const Plan& plan = sweep.plan;
  const auto tested = spread_over(sweep.finals, &Metrics::accuracy);
  const json trials = trial_rows(sweep);
  return {{"name", name_of(sweep.directory)},
          {"best", best_of(sweep)},
          {"verdict", verdict_sentence(sweep)},
          {"setting_count", grouped(plan.settings.size())},
          {"seed_count", grouped(plan.seeds.size())},
          {"trial_count", grouped(plan.trial_count())},
          {"tested", tested ? json(accuracy_text(tested)) : json()},
          {"val_images", counted(plan.base.val_split, "validation image")},
          {"halving", plan.halving == 0 ? json() : json(plan.halving)},
          {"data_verified", sweep.provenance.data.verified},
          {"chart", chart_section(sweep)},
          {"ranking", ranking_rows(sweep)},
          {"explained", explanation(sweep)},
          {"final", final_section(sweep)},
          {"retrain", sweep.retrain.empty() ? json() : json(sweep.retrain)},
          {"trials", trials},
          {"trials_left_out", trials.size() < plan.trial_count()},
          {"listed", trials.size()},
          {"listed_trials", counted(trials.size(), "trial")},
          {"varied", varied_options(plan)},
          {"shared", shared_options(plan)},
          {"engine", engine_text(sweep.provenance.engine)},
          {"program_version", sweep.provenance.program_version},
          {"libtorch_version", sweep.provenance.libtorch_version},
          {"data_sha256", sweep.provenance.data.sha256}};
}

std::string sweep_page(const SavedSweep& sweep) {
  return render_page("sweep.html", sweep_data(sweep));
}

}  // namespace fmnist
