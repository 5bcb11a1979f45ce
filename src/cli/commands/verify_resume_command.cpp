#include <fmt/format.h>

#include <random>
#include <utility>
#include <vector>

#include "cli/arguments/command_line.h"
#include "cli/commands/commands.h"
#include "cli/commands/shared.h"
#include "cli/terminal/output.h"
#include "cli/terminal/signals.h"
#include "fmnist/data/dataset.h"
#include "fmnist/engine/select/select.h"
#include "fmnist/engine/torch/torch_engine.h"
#include "fmnist/run/checkpoint.h"
#include "fmnist/run/epoch_records.h"
#include "fmnist/train/trainer.h"

namespace fmnist {
namespace {

/// The epochs of a run as metrics.csv has them, and the last position it stood at.
class Trace final : public Observer {
 public:
  void on_epoch(const EpochFinished& epoch) override { rows.push_back(metrics_csv_row(epoch)); }
  void on_position(const RunPosition& latest) override { position = latest; }

  std::vector<std::string> rows;
  RunPosition position;
};

Request stop_by_signal() { return stop_signal() != 0 ? Request::kStop : Request::kNone; }

int run_verify_resume(const Invocation& invocation) {
  Config config = invocation.config;
  config.max_time.reset();  // from a configuration file: the clock may not end a run
  install_signal_handlers();
  const Dataset dataset = load_dataset(config.data_dir);
  const TrainData data = make_train_data(config, dataset.train, dataset.test);
  const Machine machine = choose_machine(config);
  RunPosition start;
  start.state.parameters = initial_parameters(config.seed);
  const auto run = [&](RunPosition position, Trace& trace, const std::function<Request()>& stop) {
    const auto engine = make_engine(machine, config, position.state);
    return train(config, data, *engine, std::move(position), {&trace}, stop);
  };

  Trace undisturbed;
  const RunResult expected = run(start, undisturbed, stop_by_signal);

  // Stopped after one to so many steps again and again, in the first epoch for certain.
  std::uniform_int_distribution<std::uint64_t> steps(1, steps_per_epoch(config, data));
  std::mt19937_64 random(std::random_device{}());
  Trace stopped;
  int stops = 0;
  RunResult found;
  for (RunPosition position = start; stop_signal() == 0; ++stops) {
    std::uint64_t left = steps(random);
    found = run(std::move(position), stopped,
                [&] { return --left == 0 ? Request::kStop : stop_by_signal(); });
    if (found.status != RunStatus::kInterrupted) break;
    const auto state = encode_state(stopped.position, config, provenance_of(machine, dataset));
    position = decode_state(state, "the state of the stopped run").position;
  }
  if (stop_signal() != 0) return stopped_status();

  const bool equal = undisturbed.rows == stopped.rows && expected.final == found.final &&
                     expected.parameters == found.parameters;
  print(fmt::format("never stopped           {}\nstopped and resumed {}x  {}\n{}\n",
                    fingerprint(expected.parameters), stops, fingerprint(found.parameters),
                    equal ? "equal: weights and figures of every epoch"
                          : "NOT equal: resuming changed the result"));
  return equal ? 0 : 1;
}

}  // namespace

Command verify_resume_command() {
  return {.id = kVerifyResume,
          .name = "verify-resume",
          .help = "proves that stopping changes no bit",
          .notes = {{.name = "epochs", .default_text = "2"},
                    {.name = "limit-batches", .default_text = "100"}},
          .run = run_verify_resume};
}

}  // namespace fmnist
