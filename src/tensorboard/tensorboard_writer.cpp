#include "fmnist/tensorboard/tensorboard_writer.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <system_error>
#include <utility>

#include "fmnist/run/epoch_records.h"
#include "fmnist/run/run_directory.h"
#include "tensorboard/events.h"
#include "tensorboard/filter_sheet.h"
#include "tensorboard/record.h"

namespace fmnist {
namespace {

std::string filters_event(std::uint64_t step, const Parameters& parameters) {
  return image_event(step, "conv1/filters", draw_filters(parameters));
}

class TensorBoardWriter final : public Observer {
 public:
  TensorBoardWriter(std::filesystem::path directory, std::function<void(const Error&)> failed)
      : directory_(std::move(directory)), failed_(std::move(failed)) {}

  void on_start(const RunStarted& start) override {
    open(start.first_step);
    if (!file_) return;
    append(version_event());
    append(start.first_step == 0 ? filters_event(0, *start.parameters)
                                 : restart_event(start.first_step));
  }
  void on_progress(const TrainProgress& progress) override {
    append(scalars_event(progress.step, {{"loss/train_interval", progress.train.loss}}));
  }
  void on_epoch(const EpochFinished& epoch) override {
    if (!file_) return;
    append(scalars_event(epoch.step, epoch_scalars(epoch)));
    append(filters_event(epoch.step, *epoch.parameters));
  }

 private:
  /// Makes the file of a session that begins now with `first_step`: names in the order of time are
  /// in alphabetical order.
  void open(std::uint64_t first_step) {
    path_ = directory_ /
            fmt::format("{}{:010}.{:010}", kEventFilePrefix, std::time(nullptr), first_step);
    std::error_code error;
    std::filesystem::create_directories(directory_, error);
    if (error) return fail(error.message());
    file_.reset(std::fopen(path_.c_str(), "abe"));  // e: closed in child processes
    if (!file_) fail(std::strerror(errno));
  }

  /// Every event is in the file at once, for a TensorBoard that watches the run.
  void append(std::string_view event) {
    if (!file_) return;
    const std::string record = to_record(event);
    if (std::fwrite(record.data(), 1, record.size(), file_.get()) != record.size() ||
        std::fflush(file_.get()) != 0) {
      fail(std::strerror(errno));
    }
  }

  void fail(const std::string& reason) {
    file_.reset();
    failed_(Error(ErrorKind::kRuntime,
                  fmt::format("cannot write '{}': {}; the run goes on without events for "
                              "TensorBoard",
                              path_.string(), reason)));
  }

  const std::filesystem::path directory_;
  const std::function<void(const Error&)> failed_;
  std::filesystem::path path_;
  // None before the start and after a failure.
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_{nullptr, std::fclose};
};

}  // namespace

std::unique_ptr<Observer> tensorboard_writer(std::filesystem::path directory,
                                             std::function<void(const Error&)> failed) {
  return std::make_unique<TensorBoardWriter>(std::move(directory), std::move(failed));
}

}  // namespace fmnist
