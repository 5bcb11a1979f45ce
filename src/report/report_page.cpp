#include <fmt/format.h>

#include "fmnist/core/text.h"
#include "fmnist/report/report_content.h"
#include "report/page.h"
#include "report/sections.h"

namespace fmnist {
namespace {

using nlohmann::json;

std::string status_sentence(const ReportContent& content) {
  if (!content.run)
    return "The run has no result yet: it still goes on, or it was killed. Shown is its last saved "
           "state.";
  const RunSummary& run = *content.run;
  const std::string after =
      fmt::format("after {} in {} s", counted(run.epochs, "epoch"), fixed(run.seconds, 1));
  if (run.status == RunStatus::kFinished) return fmt::format("Finished {}.", after);
  if (run.status == RunStatus::kMaxTime) return fmt::format("Stopped by --max-time {}.", after);
  if (run.status == RunStatus::kInterrupted)
    return fmt::format("Interrupted {}; it can be resumed.", after);
  return fmt::format("Training diverged {}. Shown is the last state that was saved.", after);
}

/// Which weights are shown, where they are not simply the last ones.
std::string weights_sentence(const ReportContent& content) {
  if (!content.model.epoch || content.epochs.empty() || !content.epochs.front().on_val) return {};
  for (const EpochFinished& epoch : content.epochs) {
    if (epoch.epoch != content.model.epoch) continue;
    return fmt::format(" Shown are the weights of epoch {}, with a validation accuracy of {}.",
                       epoch.epoch, percentage(epoch.evaluated.accuracy));
  }
  return {};
}

json options_of(const ReportContent& content) {
  if (!content.model.config) return nullptr;
  const Config& config = *content.model.config;
  return {{"batch_size", config.batch_size},
          {"learning_rate", to_text(config.learning_rate)},
          {"momentum", to_text(config.momentum)},
          {"seed", config.seed},
          {"recipe", option_rows(config, {OptionGroup::kRecipe})},
          {"others",
           option_rows(config, {OptionGroup::kData, OptionGroup::kMachine, OptionGroup::kGates})}};
}

json run_of(const ReportContent& content) {
  if (!content.run) return nullptr;
  return {{"engine", engine_text(content.run->provenance.engine)},
          {"program_version", content.run->provenance.program_version},
          {"libtorch_version", content.run->provenance.libtorch_version}};
}

}  // namespace

json report_data(const ReportContent& content) {
  const Evaluation& evaluation = content.evaluation;
  const auto& trained = content.model.provenance;
  const bool other_data = trained && trained->data.sha256 != content.data.sha256;
  return {{"name", name_of(content.directory)},
          {"accuracy", percentage(evaluation.metrics.accuracy)},
          {"images", counted(evaluation.count, "test image")},
          {"low", percentage(evaluation.accuracy_interval.first)},
          {"high", percentage(evaluation.accuracy_interval.second)},
          {"loss", fixed(evaluation.metrics.loss, 4)},
          {"top3", percentage(evaluation.top3_accuracy)},
          {"f1", percentage(evaluation.macro_f1)},
          {"ece", percentage(evaluation.ece)},
          {"status", status_sentence(content)},
          {"weights", weights_sentence(content)},
          {"other_data", other_data},
          {"unknown_data", !other_data && !content.data.verified},
          {"curves", curves_section(content)},
          {"classes", classes_section(evaluation)},
          {"confusion", confusion_section(evaluation)},
          {"calibration", calibration_section(evaluation)},
          {"filters", filters_section(content.model.parameters)},
          {"examples", examples_section(content)},
          {"mistakes", mistakes_section(content)},
          {"shifts", shifts_section(content.shifts)},
          {"options", options_of(content)},
          {"run", run_of(content)},
          {"model", content.model.file.string()},
          {"weights_sha256", fingerprint(content.model.parameters)},
          {"data", content.data.directory.string()},
          {"data_verified", content.data.verified},
          {"trained_on_sha256", trained ? json(trained->data.sha256) : json()}};
}

std::string report_page(const ReportContent& content) {
  return render_page("run.html", report_data(content));
}

}  // namespace fmnist
