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

/// What a checkpoint file holds, read.
struct Checkpoint {
  Parameters parameters;
  std::optional<Parameters> momentum;  // in a training state
  std::optional<Parameters> best;      // likewise, of a run with a validation split
  Metadata metadata;                   // empty when another program wrote it
};

/// The arrays of a checkpoint in the order of its file, each with the prefix of its tensors' names.
using Arrays = std::vector<std::pair<std::string_view, const Parameters*>>;

std::string digest_of(const Arrays& arrays) {
  std::vector<std::span<const std::byte>> pieces;
  for (const auto& [prefix, parameters] : arrays)
    pieces.push_back(std::as_bytes(std::span(parameters->values)));
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
          {"mean", json_text(kPixelMean)},
          {"std", json_text(kPixelStd)},
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

std::string encode(Metadata metadata, const Arrays& arrays) {
  metadata["tensors_sha256"] = digest_of(arrays);
  metadata["metadata_sha256"] = digest_of(metadata);
  SafetensorsFile file{.metadata = std::move(metadata), .tensors = {}};
  for (const auto& [prefix, parameters] : arrays) append_tensors(file, prefix, *parameters);
  return to_safetensors(file);
}

// Below, `name` stands for the file in messages.

[[noreturn]] void fail(const std::string& name, const std::string& why,
                       const std::string& hint = "give another checkpoint") {
  throw Error(ErrorKind::kCheckpoint, fmt::format("cannot read '{}': {}", name, why), hint);
}

const std::string& text(const Metadata& metadata, const char* key, const std::string& name) {
  const auto found = metadata.find(key);
  if (found != metadata.end()) return found->second;
  fail(name, fmt::format("its metadata lacks '{}'", key), "it is damaged: give another checkpoint");
}

std::uint64_t number(const Metadata& metadata, const char* key, const std::string& name) {
  const std::string& digits = text(metadata, key, name);
  const auto value = read_number<std::uint64_t>(digits);
  if (value) return *value;
  fail(name,
       fmt::format("its metadata has {} as '{}', expected a whole number", printable(digits), key));
}

void check_format_version(const Metadata& metadata, const std::string& name) {
  const std::uint64_t version = number(metadata, "format_version", name);
  if (version > kFormatVersion) {
    fail(name,
         fmt::format("it was written by a newer program: its format version is {}, this program "
                     "reads {}",
                     version, kFormatVersion),
         "use the fmnist-train that wrote it, or a newer one");
  }
  if (version < kFormatVersion) fail(name, "its format version is 0, which was never written");
}

void check_digest(const Metadata& metadata, const char* key, const std::string& found,
                  const char* what, const std::string& name) {
  const std::string& expected = text(metadata, key, name);
  if (expected == found) return;
  fail(name,
       fmt::format("the SHA-256 of its {} is {}, expected {}", what, found, printable(expected)),
       "it is damaged: give another checkpoint");
}

bool has_array(const SafetensorsFile& file, std::string_view prefix) {
  return std::ranges::any_of(file.tensors,
                             [&](const Tensor& tensor) { return tensor.name.starts_with(prefix); });
}

void check_names(const SafetensorsFile& file, const std::string& name) {
  for (const Tensor& tensor : file.tensors) {
    std::string_view base = tensor.name;
    for (const std::string_view prefix : {kMomentumPrefix, kBestPrefix})
      if (base.starts_with(prefix)) base.remove_prefix(prefix.size());
    if (std::ranges::find(kParameters, base, &ParameterInfo::name) != kParameters.end()) continue;
    fail(name,
         fmt::format("it has a tensor {}, expected exactly the eight parameters, conv1.weight to "
                     "fc2.bias{}",
                     printable(tensor.name),
                     has_array(file, kMomentumPrefix) ? ", and their momentum" : ""),
         "give a checkpoint of this network");
  }
}

/// The eight tensors under `prefix`.
Parameters read_array(const SafetensorsFile& file, std::string_view prefix,
                      const std::string& name) {
  Parameters result;
  for (std::size_t i = 0; i < kParameters.size(); ++i) {
    const auto shape = kParameters[i].shape();
    const std::string tensor_name = fmt::format("{}{}", prefix, kParameters[i].name);
    const Tensor* tensor = find_tensor(file, tensor_name);
    if (tensor == nullptr) {
      fail(name, fmt::format("it has no tensor '{}'", tensor_name),
           "give a checkpoint of this network");
    }
    if (tensor->dtype != Dtype::kF32 || !std::ranges::equal(tensor->shape, shape)) {
      fail(name,
           fmt::format("its tensor '{}' is {}, expected {}", tensor_name,
                       describe(tensor->dtype, tensor->shape), describe(Dtype::kF32, shape)),
           "give a checkpoint of this network");
    }
    std::memcpy(result.tensor(i).data(), tensor->bytes.data(), tensor->bytes.size());
  }
  return result;
}

/// The checked content of a file of `bytes`.
Checkpoint decode(std::string_view bytes, const std::string& name) {
  const SafetensorsFile file = parse_safetensors(bytes, name);
  const Metadata& metadata = file.metadata;
  // Any of three, so that a damaged file of ours does not pass for one from elsewhere.
  const bool is_ours = metadata.contains("format_version") || metadata.contains("tensors_sha256") ||
                       metadata.contains("metadata_sha256");
  if (is_ours) check_format_version(metadata, name);
  check_names(file, name);
  Checkpoint checkpoint;
  checkpoint.parameters = read_array(file, "", name);
  if (has_array(file, kMomentumPrefix))
    checkpoint.momentum = read_array(file, kMomentumPrefix, name);
  if (has_array(file, kBestPrefix)) checkpoint.best = read_array(file, kBestPrefix, name);
  if (!is_ours) {
    if (checkpoint.momentum || checkpoint.best)
      fail(name, "it holds momentum but not the metadata of a training state");
    return checkpoint;
  }
  Arrays arrays = {{"", &checkpoint.parameters}};
  if (checkpoint.momentum) arrays.emplace_back(kMomentumPrefix, &*checkpoint.momentum);
  if (checkpoint.best) arrays.emplace_back(kBestPrefix, &*checkpoint.best);
  check_digest(metadata, "metadata_sha256", digest_of(metadata), "metadata", name);
  check_digest(metadata, "tensors_sha256", digest_of(arrays), "tensors", name);
  for (const char* key : {"epoch", "step"}) number(metadata, key, name);
  for (const char* key : {"config", "engine", "program_version", "libtorch_version", "data_sha256"})
    text(metadata, key, name);
  checkpoint.metadata = metadata;
  return checkpoint;
}

/// The settings and the provenance. Throws std::exception when no version of ours wrote them.
std::pair<Config, Provenance> origin_of(const Metadata& metadata) {
  const json settings = json::parse(metadata.at("config"));
  if (!settings.is_object()) throw std::invalid_argument("config");
  return {config_from_json(settings),
          {.program_version = metadata.at("program_version"),
           .libtorch_version = metadata.at("libtorch_version"),
           .engine = {.name = from_string<EngineChoice>(metadata.at("engine")).value(),
                      .device = settings.value("device", ""),
                      .threads = settings.value("threads", 0),
                      .isa = {}},
           .data = {.directory = {}, .sha256 = metadata.at("data_sha256"), .verified = false}}};
}

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
  return encode(metadata_of(config, provenance, epoch, result.step), {{"", &result.shipped()}});
}

std::string encode_state(const RunPosition& position, const Config& config,
                         const Provenance& provenance) {
  const TrainState& state = position.state;
  Metadata metadata = metadata_of(config, provenance, position.epochs, state.step);
  metadata[kProgress] = progress_text(position);
  metadata[kDevice] = provenance.engine.device;
  Arrays arrays = {{"", &state.parameters}, {kMomentumPrefix, &state.momentum}};
  if (position.best) arrays.emplace_back(kBestPrefix, &position.best->parameters);
  return encode(std::move(metadata), arrays);
}

TrainedModel decode_model(std::string_view bytes, const std::string& name) {
  Checkpoint checkpoint = decode(bytes, name);
  TrainedModel model;
  model.file = name;
  model.parameters = std::move(checkpoint.parameters);
  if (checkpoint.metadata.empty()) return model;
  model.epoch = number(checkpoint.metadata, "epoch", name);
  try {
    std::tie(model.config, model.provenance) = origin_of(checkpoint.metadata);
  } catch (const std::exception&) {  // digests fit, but no version of ours wrote this
    fail(name, "its settings are not those of a run");
  }
  return model;
}

SavedRun decode_state(std::string_view bytes, const std::string& name) {
  Checkpoint checkpoint = decode(bytes, name);
  const Metadata& metadata = checkpoint.metadata;
  if (metadata.empty() || !checkpoint.momentum)
    refuse_to_resume(name, "it holds a model, not the state of a run");
  SavedRun run;
  run.file = name;
  run.position.state = {std::move(checkpoint.parameters), std::move(*checkpoint.momentum),
                        number(metadata, "step", name)};
  run.position.epochs = number(metadata, "epoch", name);
  try {
    std::tie(run.config, run.provenance) = origin_of(metadata);
    run.provenance.engine.device = metadata.at(kDevice);
    read_progress(metadata.at(kProgress), std::move(checkpoint.best), run.position);
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
