#include "fmnist/run/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <system_error>
#include <tuple>
#include <utility>

#include "fmnist/core/digest.h"
#include "fmnist/core/error.h"
#include "fmnist/core/files.h"
#include "fmnist/core/options.h"
#include "fmnist/core/text.h"
#include "fmnist/run/epoch_records.h"
#include "fmnist/run/results.h"
#include "fmnist/run/run_directory.h"
#include "fmnist/run/safetensors.h"
#include "run/printable.h"

namespace fmnist {
namespace {

using nlohmann::json;
using Metadata = std::map<std::string, std::string>;

constexpr std::uint64_t kFormatVersion = 1;
constexpr std::string_view kMomentumPrefix = "momentum.";
constexpr std::string_view kBestPrefix = "best.";
constexpr const char* kProgress = "resume.progress";
constexpr const char* kDevice = "resume.device";
// A training state, whose header has under 5 KB besides its settings.
constexpr std::uintmax_t kMaxFileSize =
    8 + kMaxSafetensorsHeader + 3 * sizeof(float) * kParameterCount;

[[noreturn]] void refuse_to_resume(const std::string& file, const std::string& why) {
  throw Error(ErrorKind::kCheckpoint, fmt::format("cannot resume from '{}': {}", file, why),
              fmt::format("give --resume the {} of a run, or leave it out to train from the start",
                          kStateFile));
}

/// The arrays of a checkpoint; those that a file does not hold are null.
struct Arrays {
  const Parameters* parameters = nullptr;
  const Parameters* momentum = nullptr;
  const Parameters* best = nullptr;
};

std::string digest_of(const Arrays& arrays) {
  std::vector<std::span<const std::byte>> pieces;
  for (const Parameters* array : {arrays.parameters, arrays.momentum, arrays.best})
    if (array != nullptr) pieces.push_back(std::as_bytes(std::span(array->values)));
  return sha256_hex_of(pieces);
}

/// SHA-256 of all entries but the digest itself, as JSON with sorted keys and no spaces: in Python
/// json.dumps(metadata, sort_keys=True, separators=(",", ":"), ensure_ascii=False).
std::string digest_of(Metadata metadata) {
  metadata.erase("metadata_sha256");
  try {
    return sha256_hex(std::as_bytes(std::span<const char>(json(metadata).dump())));
  } catch (const json::exception&) {
    throw Error(ErrorKind::kCheckpoint, "cannot write a checkpoint: its metadata is not UTF-8",
                "use paths and names in UTF-8");
  }
}

/// The settings that a resumed run needs; the machine's as resolved, since the bits of the result
/// may depend on them.
std::string settings_text(const Config& config, const EngineInfo& engine) {
  nlohmann::ordered_json settings;
  for (const Option& option : options())
    if (option.saved) settings[option.key()] = option.get(config);
  settings["engine"] = to_string(engine.name);
  settings["device"] = engine.device;
  settings["threads"] = engine.threads;
  return to_line(settings);
}

Metadata metadata_of(const Config& config, const Provenance& provenance, std::uint64_t epoch,
                     std::uint64_t step) {
  return {{"format_version", std::to_string(kFormatVersion)},
          {"epoch", std::to_string(epoch)},
          {"step", std::to_string(step)},
          {"config", settings_text(config, provenance.engine)},
          {"class_names", json(kClassNames).dump()},
          {"mean", json(kPixelMean).dump()},
          {"std", json(kPixelStd).dump()},
          {"engine", std::string(to_string(provenance.engine.name))},
          {"program_version", provenance.program_version},
          {"libtorch_version", provenance.libtorch_version},
          {"data_sha256", provenance.data.sha256}};
}

/// What a position holds beside tensors and counters.
std::string progress_text(const RunPosition& position) {
  nlohmann::ordered_json progress = {
      {"loss", position.epoch_totals.loss},
      {"correct", position.epoch_totals.correct},
      {"count", position.epoch_totals.count},
      {"epoch_seconds", {position.epoch_seconds.train, position.epoch_seconds.evaluate}},
      {"seconds", position.seconds}};
  if (position.best) {
    progress["best"] = {{"epoch", position.best->epoch},
                        {"val", to_json(position.best->val)},
                        {"test", to_json(position.best->test)}};
  }
  return progress.dump();
}

/// Earlier versions wrote [loss, accuracy].
Metrics best_metrics(const json& metrics) {
  if (metrics.is_array()) return {metrics.at(0), metrics.at(1)};
  return metrics_from_json(metrics).value();
}

/// Reads what `progress_text` writes into `position`.
void read_progress(const std::string& text, std::optional<Parameters> best, RunPosition& position) {
  const json progress = json::parse(text);
  position.epoch_totals = {progress.at("loss"), progress.at("correct"), progress.at("count")};
  position.epoch_seconds = {progress.at("epoch_seconds").at(0), progress.at("epoch_seconds").at(1)};
  position.seconds = progress.at("seconds");
  if (progress.contains("best") != best.has_value()) throw std::invalid_argument("best");
  if (!best) return;
  const json& found = progress.at("best");
  position.best = BestEpoch{found.at("epoch"), best_metrics(found.at("val")),
                            best_metrics(found.at("test")), std::move(*best)};
}

void append_tensors(SafetensorsFile& file, std::string_view prefix, const Parameters& parameters) {
  for (std::size_t i = 0; i < kParameters.size(); ++i) {
    const auto shape = kParameters[i].shape();
    const auto bytes = std::as_bytes(parameters.tensor(i));
    file.tensors.push_back({.name = fmt::format("{}{}", prefix, kParameters[i].name),
                            .dtype = Dtype::kF32,
                            .shape = {shape.begin(), shape.end()},
                            .bytes = {bytes.begin(), bytes.end()}});
  }
}

std::string encode(const Arrays& arrays, Metadata metadata) {
  SafetensorsFile file{.metadata = std::move(metadata), .tensors = {}};
  file.metadata["tensors_sha256"] = digest_of(arrays);
  file.metadata["metadata_sha256"] = digest_of(file.metadata);
  append_tensors(file, "", *arrays.parameters);
  if (arrays.momentum != nullptr) append_tensors(file, kMomentumPrefix, *arrays.momentum);
  if (arrays.best != nullptr) append_tensors(file, kBestPrefix, *arrays.best);
  return to_safetensors(file);
}

/// A checkpoint file taken apart and checked; `name` stands for it in messages.
class Decoder {
 public:
  Decoder(std::string_view bytes, const std::string& name)
      : file_(parse_safetensors(bytes, name)), name_(name) {
    // Any of three, so that a damaged file of ours does not pass for one from elsewhere.
    is_ours_ = has("format_version") || has("tensors_sha256") || has("metadata_sha256");
    if (is_ours_) check_format_version();
    const bool has_momentum = has_array(kMomentumPrefix);
    const bool has_best = has_array(kBestPrefix);
    check_names(has_momentum);
    parameters = read_array("");
    if (has_momentum) momentum = read_array(kMomentumPrefix);
    if (has_best) best = read_array(kBestPrefix);
    if (!is_ours_) {
      if (has_momentum || has_best)
        fail("it holds momentum but not the metadata of a training state");
      return;
    }
    check_digest("metadata_sha256", digest_of(file_.metadata), "metadata");
    check_digest("tensors_sha256",
                 digest_of({&parameters, momentum ? &*momentum : nullptr, best ? &*best : nullptr}),
                 "tensors");
    epoch = number("epoch");
    step = number("step");
    for (const char* key :
         {"config", "engine", "program_version", "libtorch_version", "data_sha256"})
      text(key);
  }

  Parameters parameters;
  std::optional<Parameters> momentum;  // in a training state
  std::optional<Parameters> best;      // likewise, of a run with a validation split
  std::uint64_t epoch = 0;
  std::uint64_t step = 0;

  /// Whether this program wrote it: only then are there counters and what stands below.
  bool is_ours() const { return is_ours_; }

  /// The settings and the provenance. Throws std::exception when no version of ours wrote them.
  std::pair<Config, Provenance> origin() const {
    const json settings = json::parse(text("config"));
    if (!settings.is_object()) throw std::invalid_argument("config");
    const auto engine = from_string<EngineChoice>(text("engine"));
    if (!engine) throw std::invalid_argument("engine");
    return {config_from_json(settings),
            {.program_version = text("program_version"),
             .libtorch_version = text("libtorch_version"),
             .engine = {.name = *engine,
                        .device = settings.value("device", ""),
                        .threads = settings.value("threads", 0),
                        .isa = {}},
             .data = {.directory = {}, .sha256 = text("data_sha256"), .verified = false}}};
  }

  /// The metadata's entry `key`.
  const std::string& text(const char* key) const {
    const auto found = file_.metadata.find(key);
    if (found == file_.metadata.end()) {
      fail(fmt::format("its metadata lacks '{}'", key), "it is damaged: give another checkpoint");
    }
    return found->second;
  }

 private:
  [[noreturn]] void fail(const std::string& why,
                         const std::string& hint = "give another checkpoint") const {
    throw Error(ErrorKind::kCheckpoint, fmt::format("cannot read '{}': {}", name_, why), hint);
  }

  bool has_array(std::string_view prefix) const {
    return std::ranges::any_of(
        file_.tensors, [&](const Tensor& tensor) { return tensor.name.starts_with(prefix); });
  }

  bool has(const char* key) const { return file_.metadata.contains(key); }

  std::uint64_t number(const char* key) const {
    const auto value = read_number<std::uint64_t>(text(key));
    if (!value) {
      fail(fmt::format("its metadata has {} as '{}', expected a whole number", printable(text(key)),
                       key));
    }
    return *value;
  }

  void check_format_version() const {
    const std::uint64_t version = number("format_version");
    if (version > kFormatVersion) {
      fail(fmt::format("it was written by a newer program: its format version is {}, this program "
                       "reads {}",
                       version, kFormatVersion),
           "use the fmnist-train that wrote it, or a newer one");
    }
    if (version < kFormatVersion) fail("its format version is 0, which was never written");
  }

  void check_names(bool with_momentum) const {
    for (const Tensor& tensor : file_.tensors) {
      std::string_view base = tensor.name;
      for (const std::string_view prefix : {kMomentumPrefix, kBestPrefix})
        if (base.starts_with(prefix)) base.remove_prefix(prefix.size());
      const bool known =
          std::any_of(kParameters.begin(), kParameters.end(),
                      [&](const ParameterInfo& parameter) { return parameter.name == base; });
      if (!known) {
        fail(fmt::format("it has a tensor {}, expected exactly the eight parameters, conv1.weight "
                         "to fc2.bias{}",
                         printable(tensor.name), with_momentum ? ", and their momentum" : ""),
             "give a checkpoint of this network");
      }
    }
  }

  /// The eight tensors under `prefix`.
  Parameters read_array(std::string_view prefix) const {
    Parameters result;
    for (std::size_t i = 0; i < kParameters.size(); ++i) {
      const auto shape = kParameters[i].shape();
      const std::string tensor_name = fmt::format("{}{}", prefix, kParameters[i].name);
      const Tensor* tensor = find_tensor(file_, tensor_name);
      if (tensor == nullptr) {
        fail(fmt::format("it has no tensor '{}'", tensor_name),
             "give a checkpoint of this network");
      }
      if (tensor->dtype != Dtype::kF32 || !std::ranges::equal(tensor->shape, shape)) {
        fail(fmt::format("its tensor '{}' is {}, expected {}", tensor_name,
                         describe(tensor->dtype, tensor->shape), describe(Dtype::kF32, shape)),
             "give a checkpoint of this network");
      }
      std::memcpy(result.tensor(i).data(), tensor->bytes.data(), tensor->bytes.size());
    }
    return result;
  }

  void check_digest(const char* key, const std::string& found, const std::string& what) const {
    if (text(key) != found) {
      fail(fmt::format("the SHA-256 of its {} is {}, expected {}", what, found,
                       printable(text(key))),
           "it is damaged: give another checkpoint");
    }
  }

  SafetensorsFile file_;
  const std::string& name_;
  bool is_ours_ = false;
};

std::string read_checkpoint(const std::filesystem::path& path) {
  std::error_code unknown_size;
  const std::uintmax_t size = std::filesystem::file_size(path, unknown_size);
  if (!unknown_size && size > kMaxFileSize) {
    throw Error(ErrorKind::kCheckpoint,
                fmt::format("cannot read '{}': it has {} bytes, a checkpoint has at most {}",
                            path.string(), size, kMaxFileSize),
                "give a checkpoint of this network");
  }
  return read_file(path, ErrorKind::kCheckpoint);
}

std::filesystem::path model_at(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(path, ignored)) return path;
  for (const char* name : {kModelFile, kStateFile})
    if (std::filesystem::exists(path / name, ignored)) return path / name;
  throw Error(ErrorKind::kCheckpoint,
              fmt::format("the directory '{}' holds no {} and no {}", path.string(), kModelFile,
                          kStateFile),
              "give the directory of a run, or a checkpoint file");
}

}  // namespace

std::string encode_model(const RunResult& result, const Config& config,
                         const Provenance& provenance) {
  const std::uint64_t epoch = result.best ? result.best->epoch : result.epochs;
  return encode({.parameters = &result.shipped()},
                metadata_of(config, provenance, epoch, result.step));
}

std::string encode_state(const RunPosition& position, const Config& config,
                         const Provenance& provenance) {
  const TrainState& state = position.state;
  Metadata metadata = metadata_of(config, provenance, position.epochs, state.step);
  metadata[kProgress] = progress_text(position);
  metadata[kDevice] = provenance.engine.device;
  const Parameters* best = position.best ? &position.best->parameters : nullptr;
  return encode({&state.parameters, &state.momentum, best}, std::move(metadata));
}

TrainedModel decode_model(std::string_view bytes, const std::string& name) {
  Decoder decoder(bytes, name);
  TrainedModel model;
  model.file = name;
  model.parameters = std::move(decoder.parameters);
  if (!decoder.is_ours()) return model;
  model.epoch = decoder.epoch;
  try {
    std::tie(model.config, model.provenance) = decoder.origin();
  } catch (const std::exception&) {  // digests fit, but no version of ours wrote this
    throw Error(ErrorKind::kCheckpoint,
                fmt::format("cannot read '{}': its settings are not those of a run", name),
                "give another checkpoint");
  }
  return model;
}

SavedRun decode_state(std::string_view bytes, const std::string& name) {
  Decoder decoder(bytes, name);
  if (!decoder.is_ours() || !decoder.momentum)
    refuse_to_resume(name, "it holds a model, not the state of a run");
  SavedRun run;
  run.file = name;
  run.position.state = {std::move(decoder.parameters), std::move(*decoder.momentum), decoder.step};
  run.position.epochs = decoder.epoch;
  try {
    std::tie(run.config, run.provenance) = decoder.origin();
    run.provenance.engine.device = decoder.text(kDevice);
    read_progress(decoder.text(kProgress), std::move(decoder.best), run.position);
  } catch (const std::exception&) {  // digests fit, but no version of ours wrote this
    refuse_to_resume(name, "its metadata is not that of a run's state");
  }
  return run;
}

TrainedModel load_model(const std::filesystem::path& path) {
  const std::filesystem::path file = model_at(path);
  return decode_model(read_checkpoint(file), file.string());
}

SavedRun load_saved_run(const std::filesystem::path& path) {
  std::error_code ignored;
  const bool directory = std::filesystem::is_directory(path, ignored);
  const std::filesystem::path file = directory ? path / kStateFile : path;
  if (!std::filesystem::exists(file, ignored))
    refuse_to_resume(path.string(), "there is no state of a run");
  SavedRun run = decode_state(read_checkpoint(file), file.string());
  const std::uint64_t epochs = run.position.epochs;
  const auto metrics = file.parent_path() / kMetricsFile;
  if (std::filesystem::is_regular_file(metrics, ignored))
    run.metrics = first_epochs(read_file(metrics, ErrorKind::kCheckpoint), epochs);
  run.metrics_complete =
      epochs == 0 || static_cast<std::uint64_t>(std::ranges::count(run.metrics, '\n')) > epochs;
  return run;
}

}  // namespace fmnist
