#include "cli/terminal/console.h"

#include <fmt/format.h>

#include "cli/terminal/log.h"
#include "cli/terminal/output.h"
#include "fmnist/core/text.h"
#include "fmnist/run/epoch_records.h"
#include "fmnist/run/run_directory.h"

namespace fmnist {
namespace {

class LogLines final : public Observer {
 public:
  LogLines(const EngineInfo& engine, bool on_console) : engine_(engine), on_console_(on_console) {}

  void on_start(const RunStarted& start) override {
    log_info(fmt::format("training on {} per epoch, {}, engine {} ({}), device {}, {}",
                         counted(start.train_images, "image"),
                         counted(start.steps_per_epoch, "step"), to_string(engine_.name),
                         engine_.isa, engine_.device, counted(engine_.threads, "thread")));
  }

  void on_progress(const TrainProgress& progress) override {
    const double percent = 100.0 * static_cast<double>(progress.images_done) /
                           static_cast<double>(progress.images_total);
    const std::string line =
        fmt::format("Train Epoch: {} [{}/{} ({:.0f}%)]\tLoss:{:.6f}", progress.epoch,
                    progress.images_done, progress.images_total, percent, progress.train.loss);
    on_console_ ? log_info(line) : log_to_files(line);
  }

 private:
  const EngineInfo engine_;
  const bool on_console_;
};

class ResultLines final : public Observer {
 public:
  explicit ResultLines(const std::optional<std::filesystem::path>& output) : output_(output) {}

  void on_epoch(const EpochFinished& epoch) override {
    print(fmt::format("[{}] {} Loss: {:.4f}, Accuracy: {}\n", epoch.epoch,
                      epoch.on_val ? "Val" : "Test", epoch.evaluated.loss,
                      percentage(epoch.evaluated.accuracy)));
  }

  void on_finish(const RunResult& result) override {
    std::string line = fmt::format("{} after {} in {:.1f} s", to_string(result.status),
                                   counted(result.epochs, "epoch"), result.seconds);
    if (result.final) {
      line += fmt::format(": test loss {:.4f}, accuracy {}", result.final->loss,
                          percentage(result.final->accuracy));
    }
    if (result.best) {
      line += fmt::format("; best by validation: epoch {} with test accuracy {}",
                          result.best->epoch, percentage(result.best->test.accuracy));
    }
    if (output_ && result.status != RunStatus::kDiverged)
      line += fmt::format("; model in {}", (*output_ / kModelFile).string());
    print(line + "\n");
  }

 private:
  const std::optional<std::filesystem::path> output_;
};

class JsonLines final : public Observer {
 public:
  explicit JsonLines(const RunFacts& facts) : facts_(facts) {}

  void on_start(const RunStarted&) override { print_json(start_event(facts_)); }
  void on_epoch(const EpochFinished& epoch) override { print_json(epoch_event(epoch)); }
  void on_finish(const RunResult& result) override {
    std::optional<std::filesystem::path> model;
    if (facts_.config.output && result.status != RunStatus::kDiverged)
      model = *facts_.config.output / kModelFile;
    print_json(result_event(result, model));
  }

 private:
  const RunFacts facts_;
};

}  // namespace

std::unique_ptr<Observer> log_lines(const EngineInfo& engine, bool on_console) {
  return std::make_unique<LogLines>(engine, on_console);
}

std::unique_ptr<Observer> result_lines(const std::optional<std::filesystem::path>& output) {
  return std::make_unique<ResultLines>(output);
}

std::unique_ptr<Observer> json_lines(const RunFacts& facts) {
  return std::make_unique<JsonLines>(facts);
}

}  // namespace fmnist
