#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "fmnist/core/names.h"

namespace fmnist {

enum class LrSchedule { kConstant, kLinear, kCosine, kStep };
template <>
inline constexpr std::array<std::string_view, 4> kEnumNames<LrSchedule>{"constant", "linear",
                                                                        "cosine", "step"};
enum class EngineChoice { kAuto, kTorch, kFused };  // kAuto: only a wish, never what runs
template <>
inline constexpr std::array<std::string_view, 3> kEnumNames<EngineChoice>{"auto", "torch", "fused"};
enum class ProgressStyle { kAuto, kBar, kLines, kNone };
template <>
inline constexpr std::array<std::string_view, 4> kEnumNames<ProgressStyle>{"auto", "bar", "lines",
                                                                           "none"};

/// The device asked for: `auto`, `cpu`, `cuda` or `cuda:N`.
struct DeviceRequest {
  enum class Kind { kAuto, kCpu, kCuda };
  Kind kind = Kind::kAuto;
  std::optional<int> index;  // only with kCuda

  bool operator==(const DeviceRequest&) const = default;
};

/// A device request as one types it.
std::string to_string(const DeviceRequest& request);

using Seconds = std::chrono::duration<double>;

/// How often training state is kept: every `count` epochs or batches.
struct CheckpointInterval {
  std::uint64_t count = 1;
  bool in_batches = false;

  bool operator==(const CheckpointInterval&) const = default;
};

/// Every setting of a training run; the defaults are the book recipe. `core/options.h` gives each
/// its name, range, help and text form.
struct Config {
  // recipe
  std::uint64_t epochs = 40;
  std::uint64_t batch_size = 64;
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
  std::uint64_t val_split = 0;
  std::optional<std::uint64_t> train_limit;

  // machine
  DeviceRequest device;
  bool require_device = false;
  EngineChoice engine = EngineChoice::kAuto;
  std::optional<unsigned> threads;  // the cores this process may use when not given

  // output
  std::optional<std::filesystem::path> output;
  bool no_output = false;
  bool overwrite = false;
  CheckpointInterval checkpoint_every;
  std::uint64_t log_every = 200;  // batches
  bool json = false;
  ProgressStyle progress = ProgressStyle::kAuto;
  bool quiet = false;
  bool verbose = false;
  std::optional<std::filesystem::path> log_file;
  bool tensorboard = false;

  // gates
  std::optional<double> fail_under;  // percent
  std::optional<Seconds> max_time;
  std::optional<std::uint64_t> limit_batches;  // per epoch

  bool operator==(const Config&) const = default;
};

/// Checks combinations of settings (each alone was checked when it was set). Throws `Error`
/// (kUsage) with a sentence that names the options.
void validate(const Config& config);

}  // namespace fmnist
