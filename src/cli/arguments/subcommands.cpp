#include "cli/arguments/subcommands.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "fmnist/core/error.h"
#include "fmnist/evaluate/evaluation_table.h"

namespace fmnist {
namespace {

constexpr int kMaxTopK = static_cast<int>(kClassCount);

bool is_one_of(const Option& option, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), option.name) != names.end();
}

bool concerns_machine_or_log(const Option& option) {
  return option.group == OptionGroup::kMachine ||
         is_one_of(option, {"json", "quiet", "verbose", "log-file"});
}

[[noreturn]] void reject(const std::string& name, const std::string& text,
                         const std::string& expected) {
  throw Error(ErrorKind::kUsage, "--" + name + " takes " + expected + ", not '" + text + "'",
              "see the command's --help");
}

int integer(const std::string& name, const std::string& text, int low, int high) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < low || value > high) {
    reject(name, text, "an integer from " + std::to_string(low) + " to " + std::to_string(high));
  }
  return value;
}

template <class Enum, std::size_t kCount>
Enum choice(const std::string& name, const std::string& text,
            const std::array<std::pair<const char*, Enum>, kCount>& names) {
  std::string all;
  for (const auto& [known, value] : names) {
    if (text == known) return value;
    all += (all.empty() ? "" : "|") + std::string(known);
  }
  reject(name, text, "one of " + all);
}

constexpr std::array<std::pair<const char*, SplitName>, 3> kSplits = {
    {{"test", SplitName::kTest}, {"val", SplitName::kVal}, {"train", SplitName::kTrain}}};
constexpr std::array<std::pair<const char*, Search>, 2> kSearches = {
    {{"grid", Search::kGrid}, {"random", Search::kRandom}}};
constexpr std::array<std::pair<const char*, Inversion>, 3> kInversions = {
    {{"auto", Inversion::kAuto}, {"yes", Inversion::kYes}, {"no", Inversion::kNo}}};

constexpr const char* kSweepFooter =
    "\nThe options of a run are those of every trial. --config FILE reads them from a\n"
    "file, too. --resume goes on with the sweep in --output: add it to the command\n"
    "that began it.";

void need_checkpoint(const std::string& checkpoint, const std::string& command) {
  if (!checkpoint.empty()) return;
  throw Error(ErrorKind::kUsage, command + " needs --checkpoint",
              "give a run directory or a safetensors file");
}

}  // namespace

Subcommands::Subcommands(CLI::App& app, const Declare& declare) {
  app.require_subcommand(0, 1);
  const std::string checkpoint_help = "a run directory, or a safetensors file of this network";

  evaluate_ = app.add_subcommand("evaluate", "metrics of a checkpoint on a split");
  evaluate_->add_option("--checkpoint", checkpoint_, checkpoint_help)
      ->type_name("PATH")
      ->group("evaluate");
  evaluate_->add_option("--split", split_, "images to evaluate on; val and train as in its run")
      ->type_name("test|val|train")
      ->default_str("test")
      ->group("evaluate");
  evaluate_
      ->add_option("--shifts", shifts_,
                   "accuracy with the images moved by -N to N pixels in x and y [1 to " +
                       std::to_string(kMaxShiftReach) + "]")
      ->type_name("N")
      ->group("evaluate");
  declare(*evaluate_, [](const Option& option) {
    return concerns_machine_or_log(option) || is_one_of(option, {"data-dir", "output", "progress"});
  });

  predict_ = app.add_subcommand("predict", "classes of your own pictures");
  predict_->add_option("--checkpoint", checkpoint_, checkpoint_help)
      ->type_name("PATH")
      ->group("predict");
  predict_
      ->add_option("images", images_,
                   "PNG, JPEG, PGM or IDX files; - reads their names from standard input")
      ->type_name("IMAGE");
  predict_->add_option("--invert", invert_, "the object is darker than the ground")
      ->type_name("auto|yes|no")
      ->default_str("auto")
      ->group("predict");
  predict_->add_option("--top-k", top_k_, "classes to name for each picture [1 to 10]")
      ->type_name("K")
      ->default_str("3")
      ->group("predict");
  declare(*predict_, concerns_machine_or_log);

  report_ = app.add_subcommand("report", "a run or a sweep as one self-contained HTML page");
  report_->add_option("run", run_, "the directory of a run or a sweep")->type_name("RUN_DIR");
  report_
      ->add_option("--shifts", report_shifts_,
                   "of a run: accuracy with the images moved by -N to N pixels; 0: without [0 to " +
                       std::to_string(kMaxShiftReach) + "]")
      ->type_name("N")
      ->default_str(std::to_string(kReportShifts))
      ->group("report");
  declare(*report_, [](const Option& option) {
    return (concerns_machine_or_log(option) && option.name != "json") ||
           is_one_of(option, {"data-dir", "output"});
  });
  report_->get_option("--output")
      ->description("file to write; - for standard output (default: report.html in RUN_DIR)")
      ->type_name("FILE");
  declare_sweep(app, declare);

  // Not in the short help: a proof for those who doubt, not a daily command.
  verify_resume_ = app.add_subcommand(
      "verify-resume", "trains twice, once stopped at random steps and resumed, and compares");
  verify_resume_->group("");
  declare(*verify_resume_, [](const Option& option) {
    return option.group == OptionGroup::kRecipe || option.group == OptionGroup::kData ||
           option.group == OptionGroup::kMachine || option.name == "limit-batches";
  });
}

void Subcommands::declare_sweep(CLI::App& app, const Declare& declare) {
  sweep_ = app.add_subcommand("sweep", "many runs: option values x seeds, compared");
  sweep_->fallthrough();  // --config and --resume are the program's
  sweep_->footer(kSweepFooter);
  SweepTexts& texts = sweep_texts_;
  const auto add = [&](const char* name, std::string& text, const char* help) {
    return sweep_->add_option(name, text, help)->group("sweep");
  };
  sweep_
      ->add_option(
          "--vary", texts.vary,
          "an option and its values: lr=0.01,0.02 or lr=0.001..0.1:log:5 (or lin); without "
          "the number a range to draw from; again for another option")
      ->type_name("NAME=VALUES")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group("sweep");
  add("--seeds", texts.seeds, "seeds per setting, from --seed on [1 to 1000]")
      ->type_name("N")
      ->default_str("3");
  add("--search", texts.search, "every combination, or --trials N settings drawn from the ranges")
      ->type_name("grid|random")
      ->default_str("grid");
  add("--trials", texts.trials, "settings to draw with --search random [1 to 100000]")
      ->type_name("N");
  add("--halving", texts.halving,
      "give the epochs to the best: keep 1/N of the settings after each rung [2 to 100]")
      ->type_name("N");
  add("--jobs", texts.jobs,
      "trials side by side [1 to 1024] (default: the cores this process may use)")
      ->type_name("N");
  sweep_
      ->add_flag("--final", texts.final,
                 "then train the best setting on all training images and test it")
      ->group("sweep");
  sweep_->add_flag("--plan", texts.plan, "print what would run, and exit")->group("sweep");
  declare(*sweep_, [](const Option& option) {
    return option.changes_result || concerns_machine_or_log(option) ||
           is_one_of(option, {"data-dir", "output", "overwrite", "checkpoint-every", "progress"});
  });
  sweep_->get_option("--val-split")
      ->description("training images that each trial holds out, by which they are compared; not 0")
      ->default_str("5000");
  sweep_->get_option("--threads")->description("CPU threads of each trial")->default_str("1");
}

SweepOptions Subcommands::read_sweep() const {
  const SweepTexts& texts = sweep_texts_;
  const auto given = [&](const char* name) { return sweep_->get_option(name)->count() > 0; };
  SweepOptions sweep;
  sweep.request.vary = texts.vary;
  sweep.request.seeds = integer("seeds", texts.seeds, 1, 1000);
  sweep.request.search = choice("search", texts.search, kSearches);
  if (given("--trials"))
    sweep.request.trials = integer("trials", texts.trials, 1, static_cast<int>(kMaxTrials));
  if (given("--halving")) sweep.request.halving = integer("halving", texts.halving, 2, 100);
  if (given("--jobs")) sweep.jobs = integer("jobs", texts.jobs, 1, 1024);
  sweep.final = texts.final;
  sweep.plan_only = texts.plan;
  return sweep;
}

CLI::App* Subcommands::named() const {
  for (CLI::App* command : {evaluate_, predict_, report_, sweep_, verify_resume_})
    if (command->parsed()) return command;
  return nullptr;
}

void Subcommands::read(Invocation& invocation) const {
  if (evaluate_->parsed()) {
    invocation.command = Invocation::Command::kEvaluate;
    need_checkpoint(checkpoint_, "evaluate");
    invocation.evaluate = {checkpoint_, choice("split", split_, kSplits), std::nullopt};
    if (evaluate_->get_option("--shifts")->count() > 0)
      invocation.evaluate.shifts = integer("shifts", shifts_, 1, kMaxShiftReach);
  } else if (predict_->parsed()) {
    invocation.command = Invocation::Command::kPredict;
    need_checkpoint(checkpoint_, "predict");
    if (images_.empty()) {
      throw Error(ErrorKind::kUsage, "predict needs pictures",
                  "give names of files, or - to read the names from standard input");
    }
    invocation.predict = {checkpoint_, images_, choice("invert", invert_, kInversions),
                          integer("top-k", top_k_, 1, kMaxTopK)};
  } else if (report_->parsed()) {
    invocation.command = Invocation::Command::kReport;
    if (run_.empty())
      throw Error(ErrorKind::kUsage, "report needs a run directory", "give it after report");
    invocation.report = {run_, std::nullopt};
    if (report_->get_option("--shifts")->count() > 0)
      invocation.report.shifts = integer("shifts", report_shifts_, 0, kMaxShiftReach);
  } else if (sweep_->parsed()) {
    invocation.command = Invocation::Command::kSweep;
    invocation.sweep = read_sweep();
  } else if (verify_resume_->parsed()) {
    invocation.command = Invocation::Command::kVerifyResume;
  }
}

}  // namespace fmnist
