#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "fmnist/core/error.h"
#include "fmnist/train/events.h"

namespace fmnist {

class EventFile;

/// Writes a run's metrics and the filters of its first layer into a TensorBoard event file, a new
/// one for every session of a run. A file that cannot be written does not end the run: `failed`
/// hears of it once, and nothing more is written.
class TensorBoardWriter final : public Observer {
 public:
  using Listener = std::function<void(const Error&)>;

  TensorBoardWriter(std::filesystem::path directory, Listener failed);
  ~TensorBoardWriter() override;

  void on_start(const RunStarted& start) override;
  void on_progress(const TrainProgress& progress) override;
  void on_epoch(const EpochFinished& epoch) override;

 private:
  /// Runs `write` on the file, if it is in order.
  void attempt(const std::function<void(EventFile&)>& write);

  std::filesystem::path directory_;
  Listener failed_;
  std::unique_ptr<EventFile> file_;  // nullptr before the start and after a failure
};

}  // namespace fmnist
