#include "fmnist/report/report_page.h"

#include "fmnist/core/text.h"
#include "fmnist/core/options.h"
#include "report/html.h"
#include "report/page.h"
#include "report/sections.h"

namespace fmnist {
namespace {

std::string status_sentence(const ReportContent& content) {
  if (!content.run)
    return "The run has no result yet: it still goes on, or it was killed. Shown is its last saved "
           "state.";
  const RunSummary& run = *content.run;
  const std::string epochs = counted(run.epochs, "epoch");
  const std::string time = " in " + fixed(run.seconds, 1) + " s";
  if (run.status == "finished") return "Finished after " + epochs + time + ".";
  if (run.status == "max_time") return "Stopped by --max-time after " + epochs + time + ".";
  if (run.status == "interrupted")
    return "Interrupted after " + epochs + time + "; it can be resumed.";
  return "Training diverged after " + epochs + time + ". Shown is the last state that was saved.";
}

std::string engine_sentence(const ReportContent& content) {
  if (!content.run) return {};
  const EngineInfo& engine = content.run->engine;
  return " Engine " + engine.name + " (" + engine.isa + ") on " + engine.device + ", " +
         counted(static_cast<std::uint64_t>(engine.threads), "thread") + ".";
}

std::string recipe_sentence(const ReportContent& content) {
  if (!content.model.config) return {};
  const Config& config = *content.model.config;
  const auto text = [&](const char* name) { return find_option(name)->text(config); };
  return " Batch size " + text("batch-size") + ", learning rate " + text("lr") + ", momentum " +
         text("momentum") + ", seed " + text("seed") + ".";
}

/// Which weights are shown, where they are not simply the last ones.
std::string weights_sentence(const ReportContent& content) {
  const auto& info = content.model.info;
  if (!info || content.epochs.empty() || !content.epochs.front().on_val) return {};
  for (const EpochMetrics& epoch : content.epochs) {
    if (epoch.epoch != info->epoch) continue;
    return " Shown are the weights of epoch " + std::to_string(epoch.epoch) +
           ", with a validation accuracy of " + percentage(epoch.evaluated.accuracy) + ".";
  }
  return {};
}

std::string head(const ReportContent& content) {
  const Evaluation& evaluation = content.evaluation;
  std::string warning;
  if (!content.trained_on_this_data) {
    warning = element("p", {{"class", "warning"}},
                      "The model was trained on other data than that it is tested on here.");
  } else if (!content.data_verified) {
    warning = element("p", {{"class", "warning"}},
                      "The data is not the published Fashion-MNIST: class names and figures are "
                      "those of whatever it holds.");
  }
  return element(
             "header", {},
             element("p", {{"class", "eyebrow"}}, "fmnist-train report") +
                 element("h1", {}, escape(name_of(content.directory))) +
                 element(
                     "div", {{"class", "result"}},
                     element("p", {{"class", "accuracy"}},
                             percentage(evaluation.metrics.accuracy)) +
                         element(
                             "p", {{"class", "meaning"}},
                             "of " + counted(evaluation.count, "test image") + " recognised" +
                                 element("span", {},
                                         "95% interval " +
                                             percentage(evaluation.accuracy_interval.low) + " to " +
                                             percentage(evaluation.accuracy_interval.high)))) +
                 element("ul", {{"class", "tiles"}},
                         tile(fixed(evaluation.metrics.loss, 4), "test loss") +
                             tile(percentage(evaluation.top3_accuracy), "right one in the top 3") +
                             tile(percentage(evaluation.macro_f1), "mean F1") +
                             tile(percentage(evaluation.ece), "calibration error")) +
                 element("p", {{"class", "status"}},
                         escape(status_sentence(content) + engine_sentence(content) +
                                recipe_sentence(content) + weights_sentence(content))) +
                 warning) +
         "\n";
}

std::string foot(const ReportContent& content) {
  return element("footer", {},
                 content.shifts ? "Made by fmnist-train report."
                                : "Made by fmnist-train after the run. " +
                                      element("code", {}, "fmnist-train report RUN_DIR") +
                                      " adds how the accuracy falls when the images are moved.");
}

}  // namespace

std::vector<Section> report_sections(const ReportContent& content) {
  std::vector<Section> sections = {curves_section(content),    classes_section(content),
                                   confusion_section(content), calibration_section(content),
                                   filters_section(content),   feature_maps_section(content),
                                   mistakes_section(content)};
  if (content.shifts) sections.push_back(shifts_section(content));
  sections.push_back(settings_section(content));
  return sections;
}

std::string report_page(const ReportContent& content) {
  return page_of(name_of(content.directory), head(content), report_sections(content),
                 foot(content));
}

}  // namespace fmnist
