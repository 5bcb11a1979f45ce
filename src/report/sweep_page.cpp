#include "fmnist/report/sweep_page.h"

#include <algorithm>

#include "fmnist/core/text.h"
#include "fmnist/sweep/sweep_table.h"
#include "report/html.h"
#include "report/page.h"
#include "report/settings_table.h"
#include "report/sweep_chart.h"

namespace fmnist {
namespace {

std::string strong(const std::string& text) { return element("strong", {}, escape(text)); }

std::string cell(const std::string& text, const char* css_class = "number") {
  return element("td", {{"class", css_class}}, escape(text));
}

/// A table whose first columns are the varied options, then numbers, then words.
std::string table_of(const std::string& caption, const Plan& plan,
                     const std::vector<std::string>& numbers, const std::vector<std::string>& words,
                     const std::string& rows) {
  std::string heads;
  const auto add = [&](std::string_view name, const char* css_class) {
    heads += element("th", {{"scope", "col"}, {"class", css_class}}, escape(name));
  };
  for (const Dimension& dimension : plan.dimensions) add(dimension.option->name, "value");
  for (const std::string& name : numbers) add(name, "number");
  for (const std::string& name : words) add(name, "word");
  return element("div", {{"class", "scroll"}},
                 element("table", {{"class", "figures sweep"}},
                         element("caption", {}, escape(caption)) + "\n" +
                             element("thead", {}, element("tr", {}, heads)) + "\n" +
                             element("tbody", {}, rows)));
}

std::string values_of(const Plan& plan, std::size_t setting) {
  std::string cells;
  for (const std::string& value : plan.settings[setting]) cells += cell(value, "value");
  return cells;
}

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
  const std::string others = counted(noise + worse, "other setting") + " trained to the end";
  if (noise == 0) return "Its lead over the " + others + " is hardly chance.";
  const std::string which = worse == 0 ? (noise == 1 ? "the one" : "every one of the ")
                                       : std::to_string(noise) + " of the ";
  const std::string lead = noise == 1 && worse == 0
                               ? "Its lead over the " + others + " may be chance."
                               : "Its lead over " + which + others + " may be chance.";
  return lead + (worse == 0 ? ""
                            : " " + std::to_string(worse) + (worse == 1 ? " is" : " are") +
                                  " worse, and hardly by chance.");
}

std::string selection_sentence(const SavedSweep& sweep) {
  const Plan& plan = sweep.plan;
  std::string text = "Chosen by " +
                     counted(static_cast<std::uint64_t>(plan.base.val_split), "validation image") +
                     " held out of the training images, others for each seed.";
  if (plan.halving != 0)
    text += " Successive halving: the best 1/" + std::to_string(plan.halving) +
            " went on after each rung.";
  return text + " Engine " + sweep.engine.name + " (" + sweep.engine.isa + ") on " +
         sweep.engine.device + ".";
}

std::string result_of(const SavedSweep& sweep) {
  const SettingSummary* best = winner(sweep.ranking);
  if (best == nullptr) return {};
  const Spread& accuracy = *best->accuracy;
  const std::string seeds = counted(sweep.plan.seeds.size(), "seed");
  const std::string detail =
      "of the validation images recognised" +
      (accuracy.sd ? ", mean of " + seeds + ", \xC2\xB1 " + percentage(*accuracy.sd)
                   : ", one seed");
  return element("div", {{"class", "result"}},
                 element("p", {{"class", "accuracy"}}, percentage(accuracy.mean)) +
                     element("p", {{"class", "meaning"}},
                             "with " + strong(setting_text(sweep.plan, best->setting)) +
                                 element("span", {}, detail)));
}

std::string head(const SavedSweep& sweep) {
  std::string tiles = tile(grouped(sweep.plan.settings.size()), "settings") +
                      tile(grouped(sweep.plan.seeds.size()), "seeds each") +
                      tile(grouped(sweep.plan.trial_count()), "trials");
  if (const auto tested = spread_over(sweep.finals, &Metrics::accuracy))
    tiles += tile(accuracy_text(tested), "test accuracy, final training");
  std::string warning;
  if (!sweep.data_verified) {
    warning = element("p", {{"class", "warning"}},
                      "The data is not the published Fashion-MNIST: figures are those of whatever "
                      "it holds.");
  }
  return element("header", {},
                 element("p", {{"class", "eyebrow"}}, "fmnist-train sweep") +
                     element("h1", {}, escape(name_of(sweep.directory))) + result_of(sweep) +
                     element("p", {{"class", "verdict"}}, escape(verdict_sentence(sweep))) +
                     element("ul", {{"class", "tiles"}}, tiles) +
                     element("p", {{"class", "status"}}, escape(selection_sentence(sweep))) +
                     warning) +
         "\n";
}

Section chart_section(const SweepChart& chart) {
  const std::string name = chart.option == "lr" ? "the learning rate" : chart.option;
  const std::string body =
      chart.svg.empty()
          ? lead(
                "No setting was trained to its end with every seed: there is "
                "nothing to draw.")
          : lead("How the share of validation images that are recognised depends on " +
                 escape(name) + ".") +
                figure(chart.svg, escape(chart.caption));
  return {"accuracy", chart.option == "lr" ? "Accuracy and learning rate" : "Accuracy", body};
}

Section ranking_section(const SavedSweep& sweep) {
  std::string rows;
  for (const SettingSummary& summary : sweep.ranking) {
    rows += element("tr", {{"class", to_string(summary.verdict)}},
                    values_of(sweep.plan, summary.setting) + cell(accuracy_text(summary.accuracy)) +
                        cell(loss_text(summary.loss)) + cell(difference_text(summary)) +
                        cell(summary.corrected_p ? fixed(*summary.corrected_p, 3) : "") +
                        element("td", {{"class", "word"}},
                                element("span", {{"class", "verdict-word"}},
                                        escape(verdict_text(summary))))) +
            "\n";
  }
  std::string caption;
  const std::string explained = verdicts_explained(sweep.plan, sweep.ranking);
  for (std::size_t begin = 0; begin < explained.size();) {
    const std::size_t end = explained.find('\n', begin);
    caption += element("span", {{"class", "line"}}, escape(explained.substr(begin, end - begin)));
    begin = end + 1;
  }
  const std::string table =
      table_of("The settings, best first", sweep.plan,
               {"Val accuracy", "Val loss", "Difference", "p"}, {"Verdict"}, rows);
  return {"ranking", "Ranking",
          lead("The settings, best first: mean over the seeds \xC2\xB1 standard deviation.") +
              (caption.empty() ? table : figure(table, caption))};
}

std::string outcome_cells(const TrialRecord& record) {
  const auto& figures = record.figures;
  return cell(figures ? percentage(figures->accuracy) : "-") +
         cell(figures ? fixed(figures->loss, 4) : "-");
}

Section final_section(const SavedSweep& sweep) {
  std::string rows;
  for (const TrialRecord& record : sweep.finals) {
    rows += settings_row(
        "seed " + std::to_string(sweep.plan.seeds[record.trial]),
        record.figures
            ? percentage(record.figures->accuracy) + ", loss " + fixed(record.figures->loss, 4)
            : escape(std::string(to_string(record.status)) + ": " + record.message));
  }
  const auto accuracy = spread_over(sweep.finals, &Metrics::accuracy);
  if (accuracy && accuracy->sd) {
    rows += settings_row(
        "all seeds",
        accuracy_text(accuracy) + ", loss " + loss_text(spread_over(sweep.finals, &Metrics::loss)),
        "changed");
  }
  return {"final", "Final training",
          lead("The best setting, trained on all training images; only these models have seen the "
               "test images, once.") +
              settings_table("Test accuracy", rows)};
}

Section retrain_section(const SavedSweep& sweep) {
  return {"retrain", "Train the best",
          lead("This command trains the best setting alone, on all training images with the first "
               "seed, and tests it:") +
              element("pre", {}, element("code", {}, escape(sweep.retrain)))};
}

Section trials_section(const SavedSweep& sweep) {
  std::string rows;
  std::size_t listed = 0;
  for (const SettingSummary& summary : sweep.ranking) {
    for (const TrialRecord& record : summary.trials) {
      if (listed == kTrialsInReport) break;
      ++listed;
      std::string end = to_string(record.status);
      if (!record.message.empty()) end += ": " + record.message;
      rows += element("tr", {},
                      values_of(sweep.plan, summary.setting) +
                          cell(std::to_string(sweep.plan.seed_of(record.trial))) +
                          cell(std::to_string(record.epochs)) + outcome_cells(record) +
                          cell(end, "word")) +
              "\n";
    }
  }
  const std::size_t all = sweep.plan.trial_count();
  const std::string text = listed == all
                               ? "Every trial with its validation figures, best setting first."
                               : "The first " + std::to_string(listed) + " of " + grouped(all) +
                                     " trials, best setting first; trials.csv holds all.";
  return {"trials", "Trials",
          lead(text) +
              element("details", {},
                      element("summary", {}, counted(listed, "trial")) +
                          table_of("The trials", sweep.plan,
                                   {"Seed", "Epochs", "Val accuracy", "Val loss"}, {"End"}, rows))};
}

Section shared_section(const SavedSweep& sweep) {
  const auto is_shared = [&](const Option& option) {
    return option.changes_result && option.name != "seed" && !varies(sweep.plan, option);
  };
  std::string shared;
  for (const OptionGroup group :
       {OptionGroup::kRecipe, OptionGroup::kData, OptionGroup::kMachine, OptionGroup::kOutput})
    shared += settings_rows(sweep.plan.base, group, is_shared);
  std::string rows;
  for (const Dimension& dimension : sweep.plan.dimensions)
    rows += settings_row(std::string(dimension.option->name), escape(dimension.text));
  const std::string varied = settings_table("Varied", rows);
  const std::string provenance =
      settings_row("engine", escape(sweep.engine.name + " (" + sweep.engine.isa + "), " +
                                    sweep.engine.device)) +
      settings_row("program", escape("fmnist-train " + sweep.program_version + ", LibTorch " +
                                     sweep.libtorch_version)) +
      settings_row("data SHA-256", element("code", {}, escape(sweep.data_sha256)));
  return {"settings", "Settings",
          element("div", {{"class", "pair"}},
                  settings_table("Of every trial", shared) +
                      element("div", {}, varied + settings_table("Provenance", provenance)))};
}

}  // namespace

std::vector<Section> sweep_sections(const SavedSweep& sweep) {
  std::vector<Section> sections;
  const SweepChart chart = sweep_chart(sweep);
  if (!chart.option.empty()) sections.push_back(chart_section(chart));
  sections.push_back(ranking_section(sweep));
  if (!sweep.finals.empty()) sections.push_back(final_section(sweep));
  if (!sweep.retrain.empty()) sections.push_back(retrain_section(sweep));
  sections.push_back(trials_section(sweep));
  sections.push_back(shared_section(sweep));
  return sections;
}

std::string sweep_page(const SavedSweep& sweep) {
  return page_of(name_of(sweep.directory), head(sweep), sweep_sections(sweep),
                 element("footer", {}, "Made by fmnist-train from the sweep's sweep.json."));
}

}  // namespace fmnist
