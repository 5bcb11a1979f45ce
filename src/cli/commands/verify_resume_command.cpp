#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <random>
#include <vector>

#include "cli/arguments/command_line.h"
#include "cli/commands/commands.h"
#include "cli/commands/provenance.h"
#include "cli/terminal/log.h"
#include "cli/terminal/output.h"
#include "cli/terminal/signals.h"
#include "fmnist/core/files.h"
#include "fmnist/data/dataset.h"
#include "fmnist/engine/select/select.h"
#include "fmnist/engine/torch/torch_engine.h"
#include "fmnist/run/checkpoint.h"
#include "fmnist/run/metrics_csv.h"
#include "fmnist/run/run_directory.h"
#include "fmnist/train/trainer.h"

namespace fmnist {
namespace {

/// A folder for the state file, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string path = std::filesystem::temp_directory_path() / "fmnist-train-XXXXXX";
    if (mkdtemp(path.data()) == nullptr) {
      throw Error(ErrorKind::kRuntime,
                  "cannot make a temporary folder '" + path + "': " + std::strerror(errno),
                  "set TMPDIR to a folder that is writable");
    }
    path_ = path;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Remembers the epochs as metrics.csv has them, and where the run stopped last.
class Memory final : public Observer {
 public:
  void on_epoch(const EpochFinished& epoch) override { rows_.push_back(metrics_csv_row(epoch)); }
  void on_position(const RunPosition& position) override { position_ = position; }

  const std::vector<std::string>& rows() const { return rows_; }
  const RunPosition& position() const { return position_; }

 private:
  std::vector<std::string> rows_;
  RunPosition position_;
};

/// One run of a configuration, as often as asked.
class Subject {
 public:
  explicit Subject(const Config& config)
      : config_(config),
        dataset_(load_dataset(config.data_dir)),
        data_(make_train_data(config, dataset_.train, dataset_.test)),
        machine_(choose_machine(config)) {}

  RunResult run(RunPosition position, Memory& memory, const std::function<Request()>& request) {
    const auto engine = make_engine(machine_, config_, position.state);
    return train(config_, data_, *engine, std::move(position), {&memory}, request);
  }

  RunPosition start() const {
    RunPosition position;
    position.state.parameters = initial_parameters(config_.seed);
    return position;
  }

  std::uint64_t steps_per_epoch() const { return fmnist::steps_per_epoch(config_, data_); }

  std::string encoded(const RunPosition& position) const {
    return encode_state(position, config_, provenance_of(machine_, dataset_));
  }

 private:
  Config config_;
  Dataset dataset_;
  TrainData data_;
  Machine machine_;
};

Request stop_by_signal() { return stop_signal() != 0 ? Request::kStop : Request::kNone; }

/// Runs to the end, stopping after one to `most` steps again and again, in the first epoch
/// for certain; `stops` counts.
RunResult run_with_stops(Subject& subject, Memory& memory, std::uint64_t most, int& stops) {
  const TemporaryFolder folder;
  const auto file = folder.path() / kStateFile;
  std::mt19937_64 random(std::random_device{}());
  RunPosition position = subject.start();
  while (true) {
    std::uint64_t left = std::uniform_int_distribution<std::uint64_t>(1, most)(random);
    const RunResult result = subject.run(std::move(position), memory, [&] {
      return --left == 0 ? Request::kStop : stop_by_signal();
    });
    if (result.status != RunStatus::kInterrupted || stop_signal() != 0) return result;
    ++stops;
    write_file_atomically(file, subject.encoded(memory.position()));
    position = load_saved_run(file).position;
  }
}

int run_verify_resume(const Invocation& invocation) {
  Config config = invocation.config;
  config.max_time.reset();
  install_signal_handlers();
  Subject subject(config);

  Memory undisturbed;
  const RunResult expected = subject.run(subject.start(), undisturbed, stop_by_signal);
  Memory stopped;
  int stops = 0;
  const RunResult found = run_with_stops(subject, stopped, subject.steps_per_epoch(), stops);
  if (stop_signal() != 0) return stopped_status();

  const bool equal = undisturbed.rows() == stopped.rows() && expected.final == found.final &&
                     expected.parameters == found.parameters;
  print("never stopped           " + fingerprint(expected.parameters) + "\n");
  print("stopped and resumed " + std::to_string(stops) + "x  " + fingerprint(found.parameters) +
        "\n");
  print(equal ? "equal: weights and figures of every epoch\n"
              : "NOT equal: resuming changed the result\n");
  return equal ? 0 : 1;
}

}  // namespace

Command verify_resume_command() {
  return {.id = kVerifyResume,
          .name = "verify-resume",
          .help = "proves that a stopped run, resumed, ends as if never stopped",
          .notes = {{.option = "epochs", .default_text = "2"},
                    {.option = "limit-batches", .default_text = "100"}},
          .run = run_verify_resume};
}

}  // namespace fmnist
