#include "cli/terminal/console.h"

#include <fmt/format.h>

#include "cli/terminal/log.h"
#include "cli/terminal/output.h"
#include "fmnist/core/text.h"
#include "fmnist/run/run_directory.h"

namespace fmnist {

void LogLines::on_start(const RunStarted& start) {
  log_info(fmt::format("training on {} per epoch, {}, engine {} ({}), device {}, {}",
                       counted(start.train_images, "image"), counted(start.steps_per_epoch, "step"),
                       to_string(engine_.name), engine_.isa, engine_.device,
                       counted(static_cast<std::uint64_t>(engine_.threads), "thread")));
}

void LogLines::on_progress(const TrainProgress& progress) {
  const auto share =
      static_cast<double>(progress.images_done) / static_cast<double>(progress.images_total);
  const std::string line = "Train Epoch: " + std::to_string(progress.epoch) + " [" +
                           std::to_string(progress.images_done) + "/" +
                           std::to_string(progress.images_total) + " (" + fixed(100.0 * share, 0) +
                           "%)]\tLoss:" + fixed(progress.train.loss, 6);
  on_console_ ? log_info(line) : log_to_files(line);
}

void ResultLines::on_epoch(const EpochFinished& epoch) {
  print("[" + std::to_string(epoch.epoch) + "] " + (epoch.on_val ? "Val" : "Test") +
        " Loss: " + fixed(epoch.evaluated.loss, 4) +
        ", Accuracy: " + percentage(epoch.evaluated.accuracy) + "\n");
}

void ResultLines::on_finish(const RunResult& result) {
  std::string line = std::string(to_string(result.status)) + " after " +
                     counted(result.epochs, "epoch") + " in " + fixed(result.seconds, 1) + " s";
  if (result.final) {
    line += ": test loss " + fixed(result.final->loss, 4) + ", accuracy " +
            percentage(result.final->accuracy);
  }
  if (result.best) {
    line += "; best by validation: epoch " + std::to_string(result.best->epoch) +
            " with test accuracy " + percentage(result.best->test.accuracy);
  }
  if (output_ && result.status != RunStatus::kDiverged)
    line += "; model in " + (*output_ / kModelFile).string();
  print(line + "\n");
}

void JsonLines::on_start(const RunStarted&) { print_json(start_event(facts_)); }

void JsonLines::on_epoch(const EpochFinished& epoch) { print_json(epoch_event(epoch)); }

void JsonLines::saved(const std::filesystem::path& path, const RunRecorder::SavedState& state) {
  print_json(checkpoint_event(path, state.epochs, state.step));
}

void JsonLines::on_finish(const RunResult& result) {
  const bool kept = facts_.config.output && result.status != RunStatus::kDiverged;
  print_json(result_event(result,
                          kept ? std::optional(*facts_.config.output / kModelFile) : std::nullopt));
}

}  // namespace fmnist
