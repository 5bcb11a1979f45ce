#include "fmnist/tensorboard/tensorboard_writer.h"

#include <ctime>
#include <utility>

#include "fmnist/run/epoch_records.h"
#include "tensorboard/event_file.h"
#include "tensorboard/events.h"
#include "tensorboard/filter_sheet.h"

namespace fmnist {
namespace {

std::string filters_event(std::uint64_t step, const Parameters& parameters) {
  return image_event(step, "conv1/filters", draw_filters(parameters));
}

class TensorBoardWriter final : public Observer {
 public:
  TensorBoardWriter(std::filesystem::path directory, std::function<void(const Error&)> failed)
      : directory_(std::move(directory)), failed_(std::move(failed)) {}

  void on_start(const RunStarted& start) override;
  void on_progress(const TrainProgress& progress) override;
  void on_epoch(const EpochFinished& epoch) override;

 private:
  /// Runs `write` on the file, if it is in order.
  void attempt(const std::function<void(EventFile&)>& write);

  std::filesystem::path directory_;
  std::function<void(const Error&)> failed_;
  std::unique_ptr<EventFile> file_;  // nullptr before the start and after a failure
};

void TensorBoardWriter::on_start(const RunStarted& start) {
  try {
    file_ = std::make_unique<EventFile>(directory_, std::time(nullptr), start.first_step);
  } catch (const Error& error) {
    failed_(error);
  }
  attempt([&](EventFile& file) {
    file.append(version_event());
    if (start.first_step == 0) {
      file.append(filters_event(0, *start.parameters));
    } else {
      file.append(restart_event(start.first_step));
    }
  });
}

void TensorBoardWriter::on_progress(const TrainProgress& progress) {
  attempt([&](EventFile& file) {
    file.append(scalars_event(progress.step, {{"loss/train_interval", progress.train.loss}}));
  });
}

void TensorBoardWriter::on_epoch(const EpochFinished& epoch) {
  attempt([&](EventFile& file) {
    file.append(scalars_event(epoch.step, epoch_scalars(epoch)));
    file.append(filters_event(epoch.step, *epoch.parameters));
  });
}

void TensorBoardWriter::attempt(const std::function<void(EventFile&)>& write) {
  if (!file_) return;
  try {
    write(*file_);
  } catch (const Error& error) {
    file_.reset();
    failed_(error);
  }
}

}  // namespace

std::unique_ptr<Observer> tensorboard_writer(std::filesystem::path directory,
                                             std::function<void(const Error&)> failed) {
  return std::make_unique<TensorBoardWriter>(std::move(directory), std::move(failed));
}

}  // namespace fmnist
