#include "cli/commands/report_command.h"

#include <fmt/format.h>

#include <exception>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "cli/arguments/command_line.h"
#include "cli/commands/commands.h"
#include "cli/commands/shared.h"
#include "cli/terminal/log.h"
#include "cli/terminal/output.h"
#include "fmnist/core/error.h"
#include "fmnist/core/files.h"
#include "fmnist/evaluate/shifts.h"
#include "fmnist/report/report_content.h"
#include "fmnist/report/sweep_page.h"
#include "fmnist/run/run_directory.h"
#include "fmnist/sweep/sweep_json.h"

namespace fmnist {
namespace {

/// The shift grid that a report has unless told otherwise.
constexpr int kReportShifts = 4;

/// What `fmnist-train report` takes besides data, machine and output options.
struct ReportOptions {
  std::filesystem::path run;  // the directory of a run or a sweep
  std::optional<int> shifts;  // of a run; 0: no shift grid
};

const std::vector<OptionOf<ReportOptions>>& table() {
  static const std::vector<OptionOf<ReportOptions>> kTable = {
      option<ReportOptions>({.name = "run",
                             .help = "the directory of a run or a sweep",
                             .positional = true,
                             .placeholder = "RUN_DIR"},
                            &ReportOptions::run),
      option<ReportOptions>({.name = "shifts",
                             .help = "of a run: accuracy with the images moved by -N to N pixels; "
                                     "0: without",
                             .default_text = std::to_string(kReportShifts)},
                            &ReportOptions::shifts, {0, kMaxShiftReach}),
  };
  return kTable;
}

TrainedModel model_of_run(const std::filesystem::path& run) {
  std::error_code ignored;
  if (std::filesystem::is_directory(run, ignored)) return load_model(run);
  throw Error(ErrorKind::kCheckpoint,
              fmt::format("'{}' is {}", run.string(),
                          std::filesystem::exists(run, ignored) ? "no directory" : "not there"),
              "give the directory of a run or a sweep");
}

/// The data that was named, else that of the run.
std::optional<std::filesystem::path> data_directory(const TrainedModel& model,
                                                    const Config& config) {
  return config.data_dir || !model.config ? config.data_dir : model.config->data_dir;
}

std::string page_of_sweep(const ReportOptions& options) {
  if (options.shifts) {
    throw Error(
        ErrorKind::kUsage,
        fmt::format("--shifts has no meaning for '{}', which holds a sweep", options.run.string()),
        "leave it out, or give the directory of a run");
  }
  return sweep_page(load_sweep(options.run));
}

/// The page of `run`, its `model` evaluated on `machine`.
std::string page_of_model(const std::filesystem::path& run, TrainedModel model,
                          const Dataset& dataset, const Machine& machine,
                          std::optional<int> shifts) {
  const auto engine = make_model_engine(model, machine);
  return report_page(gather_report(run, std::move(model), dataset, *engine, shifts));
}

std::string page_of_run(const ReportOptions& options, const Config& config) {
  TrainedModel model = model_of_run(options.run);
  const Dataset dataset = load_dataset(data_directory(model, config));
  compare_data(model, dataset);
  const Machine machine = choose_machine_for(model, config);

  std::optional<int> shifts = options.shifts.value_or(kReportShifts);
  if (*shifts > 0) {
    log_info(fmt::format("evaluating images moved by up to {} pixels", *shifts));
  } else {
    shifts.reset();
  }
  return page_of_model(options.run, std::move(model), dataset, machine, shifts);
}

/// Writes the page into `directory`; a failure is a warning, as the `what` itself has ended well.
template <class MakePage>
void report_afterwards(const std::filesystem::path& directory, const std::string& what,
                       MakePage make_page) {
  const std::filesystem::path path = directory / kReportFile;
  try {
    write_file_atomically(path, make_page());
    log_info("report in " + path.string());
  } catch (const std::exception& error) {
    log_warning(fmt::format("there is no report of this {}: {}", what, error.what()));
  }
}

int run_report(const Invocation& invocation) {
  const Config& config = invocation.config;
  const auto options = own_options(table(), invocation);
  if (options.run.empty())
    throw Error(ErrorKind::kUsage, "report needs a run directory", "give it after report");
  const std::string page =
      holds_sweep(options.run) ? page_of_sweep(options) : page_of_run(options, config);
  const std::filesystem::path output = config.output.value_or(options.run / kReportFile);
  if (output == "-") {
    print(page);
  } else {
    write_file_atomically(output, page);
    print(fmt::format("report in {}\n", output.string()));
  }
  return 0;
}

}  // namespace

Command report_command() {
  return {.id = kReport,
          .name = "report",
          .help = "a run or a sweep as one self-contained HTML page",
          .own = infos(table()),
          .notes = {{.name = "output",
                     .help = "file to write; - for standard output (default: report.html in "
                             "RUN_DIR)",
                     .placeholder = "FILE"}},
          .run = run_report};
}

void report_after_run(const std::filesystem::path& run, const Dataset& dataset,
                      const Machine& machine) {
  report_afterwards(run, "run", [&] {
    return page_of_model(run, load_model(run), dataset, machine, /*shifts=*/std::nullopt);
  });
}

void report_after_sweep(const std::filesystem::path& directory) {
  report_afterwards(directory, "sweep", [&] { return sweep_page(load_sweep(directory)); });
}

}  // namespace fmnist
