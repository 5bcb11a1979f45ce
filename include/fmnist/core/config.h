#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

namespace fmnist {

enum class LrSchedule { kConstant, kLinear, kCosine, kStep };
enum class EngineChoice { kAuto, kTorch, kFused };  // kAuto: only a wish, never what runs
enum class ProgressStyle { kAuto, kBar, kLines, kNone };

/// The engines by name.
inline constexpr std::array<std::pair<std::string_view, EngineChoice>, 3> kEngineNames = {
    {{"auto", EngineChoice::kAuto},
     {"torch", EngineChoice::kTorch},
     {"fused", EngineChoice::kFused}}};

/// The engine's name as one types it.
std::string_view to_string(EngineChoice engine);

/// The engine called `name`, or nothing.
std::optional<EngineChoice> parse_engine(std::string_view name);

/// The device asked for: `auto`, `cpu`, `cuda` or `cuda:N`.
struct DeviceRequest {
  enum class Kind { kAuto, kCpu, kCuda };
  Kind kind = Kind::kAuto;
  std::optional<int> index;  // only with kCuda

  bool operator==(const DeviceRequest&) const = default;
};

/// How often training state is kept: every `count` epochs or batches.
struct CheckpointInterval {
  int count = 1;
  bool in_batches = false;

  bool operator==(const CheckpointInterval&) const = default;
};

/// Every setting of a training run; the defaults are the book recipe. `core/options.h` gives each
/// its name, range, help and text form.
struct Config {
  // recipe
  int epochs = 40;
  int batch_size = 64;
  double learning_rate = 0.01;
  double momentum = 0.5;
  bool nesterov = false;
  double weight_decay = 0.0;
  LrSchedule lr_schedule = LrSchedule::kConstant;
  double warmup_epochs = 0.0;
  double dropout = 0.5;
  double label_smoothing = 0.0;
  std::uint64_t seed = 0;

  // data
  std::optional<std::filesystem::path> data_dir;
  int val_split = 0;
  std::optional<int> train_limit;

  // machine
  DeviceRequest device;
  bool require_device = false;
  EngineChoice engine = EngineChoice::kAuto;
  std::optional<int> threads;  // the cores this process may use when not given

  // output
  std::optional<std::filesystem::path> output;
  bool no_output = false;
  bool overwrite = false;
  CheckpointInterval checkpoint_every;
  int log_every = 200;  // batches
  bool json = false;
  ProgressStyle progress = ProgressStyle::kAuto;
  bool quiet = false;
  bool verbose = false;
  std::optional<std::filesystem::path> log_file;
  bool tensorboard = false;

  // gates
  std::optional<double> fail_under;  // percent
  std::optional<double> max_time;    // seconds
  std::optional<int> limit_batches;  // per epoch

  bool operator==(const Config&) const = default;
};

/// Checks combinations of settings (each alone was checked when it was set). Throws `Error`
/// (kUsage) with a sentence that names the options.
void validate(const Config& config);

}  // namespace fmnist
