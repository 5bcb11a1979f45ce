#include <fmt/format.h>

#include <chrono>
#include <string>
#include <system_error>

#include "cli/arguments/command_line.h"
#include "cli/commands/commands.h"
#include "cli/commands/shared.h"
#include "cli/terminal/log.h"
#include "cli/terminal/output.h"
#include "cli/terminal/progress_bar.h"
#include "fmnist/core/error.h"
#include "fmnist/core/files.h"
#include "fmnist/data/dataset.h"
#include "fmnist/evaluate/evaluation_csv.h"
#include "fmnist/evaluate/evaluation_json.h"
#include "fmnist/evaluate/evaluation_table.h"
#include "fmnist/run/results.h"

namespace fmnist {
namespace {

/// What `fmnist-train evaluate` takes besides data, machine and output options.
struct EvaluateOptions {
  std::filesystem::path checkpoint;  // a file or a run directory
  SplitName split = SplitName::kTest;
  std::optional<int> shifts;
};

const std::vector<OptionOf<EvaluateOptions>>& table() {
  static const std::vector<OptionOf<EvaluateOptions>> kTable = {
      option<EvaluateOptions>({.name = "checkpoint", .help = kCheckpointHelp},
                              &EvaluateOptions::checkpoint),
      option<EvaluateOptions>(
          {.name = "split", .help = "images to evaluate on; val and train as in its run"},
          &EvaluateOptions::split),
      option<EvaluateOptions>(
          {.name = "shifts", .help = "accuracy with the images moved by -N to N pixels in x and y"},
          &EvaluateOptions::shifts, {1, kMaxShiftReach}),
  };
  return kTable;
}

void make_directory(const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (!error) return;
  throw Error(
      ErrorKind::kRuntime,
      fmt::format("cannot make the directory '{}': {}", directory.string(), error.message()),
      "choose another place with --output");
}

void write_files(const std::filesystem::path& directory, const nlohmann::ordered_json& event,
                 const Evaluation& evaluation, const std::optional<ShiftGrid>& shifts) {
  const auto write = [&](const char* name, const std::string& bytes) {
    write_file_atomically(directory / name, bytes);
  };
  write("evaluation.json", to_line(event) + "\n");
  write("confusion.csv", confusion_csv(evaluation));
  write("classes.csv", classes_csv(evaluation));
  write("misclassified.csv", misclassified_csv(evaluation));
  write("reliability.csv", reliability_csv(evaluation));
  if (shifts) write("shifts.csv", shifts_csv(*shifts));
  log_info("evaluation.json and CSV files in " + directory.string());
}

/// The accuracy grid, with a bar while it is computed where there is a terminal for one.
ShiftGrid evaluate_shifts_with_bar(Engine& engine, const Split& split, int reach,
                                   const Config& config) {
  log_info(fmt::format("evaluating images moved by up to {} pixels", reach));
  std::optional<ProgressBar> bar;
  if (progress_style(config) == ProgressStyle::kBar) bar.emplace();
  const auto started = std::chrono::steady_clock::now();
  return evaluate_shifts(engine, split, reach, [&](int done, int total) {
    if (!bar || !bar->due()) return;
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started;
    const auto images = static_cast<double>(split.size()) * done;
    bar->draw({.label = fmt::format("Shift {}/{}", done, total),
               .done = static_cast<std::uint64_t>(done),
               .total = static_cast<std::uint64_t>(total),
               .seconds_left = elapsed.count() * (total - done) / done,
               .images_per_second = images / elapsed.count()});
  });
}

std::string heading(const TrainedModel& model, SplitName split) {
  return fmt::format("{}{}, on {}\n", model.file.string(),
                     model.epoch ? fmt::format(", epoch {}", *model.epoch) : "", to_string(split));
}

int run_evaluate(const Invocation& invocation) {
  const Config& config = invocation.config;
  const auto options = own_options(table(), invocation);
  require_checkpoint(options.checkpoint, "evaluate");
  const TrainedModel model = load_model(options.checkpoint);
  if (config.output) make_directory(*config.output);
  const Dataset dataset = load_dataset(config.data_dir);
  const Split split = select_split(model, dataset, options.split);
  compare_data(model, dataset);
  const Machine machine = choose_machine_for(model, config);
  const auto engine = make_model_engine(model, machine);

  const Evaluation evaluation = evaluate_predictions(engine->logits(split.images), split.labels);
  std::optional<ShiftGrid> shifts;
  if (options.shifts) shifts = evaluate_shifts_with_bar(*engine, split, *options.shifts, config);
  const auto event =
      evaluation_event(model, options.split, provenance_of(machine, dataset), evaluation, shifts);
  if (config.output) write_files(*config.output, event, evaluation, shifts);
  if (config.json) {
    print_json(event);
  } else {
    print(heading(model, options.split) + evaluation_table(evaluation) +
          (shifts ? "\n" + shifts_table(*shifts) : std::string()));
  }
  return 0;
}

}  // namespace

Command evaluate_command() {
  return {
      .id = kEvaluate,
      .name = "evaluate",
      .help = "metrics of a checkpoint on a split",
      .own = infos(table()),
      .notes = {{.name = "output", .help = "directory to write evaluation.json and CSV files to"}},
      .run = run_evaluate};
}

}  // namespace fmnist
