#include "fmnist/run/checkpoint.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <nlohmann/json.hpp>

#include "fmnist/core/digest.h"
#include "fmnist/core/error.h"
#include "fmnist/core/files.h"
#include "fmnist/data/split.h"
#include "fmnist/run/safetensors.h"
#include "run/printable.h"

namespace fmnist {
namespace {

using Metadata = std::map<std::string, std::string>;

constexpr std::uint64_t kFormatVersion = 1;
constexpr std::string_view kMomentumPrefix = "momentum.";
constexpr std::string_view kBestPrefix = "best.";
constexpr std::string_view kResumePrefix = "resume.";
// A training state, whose header has under 5 KB besides config and resume fields.
constexpr std::uintmax_t kMaxFileSize =
    8 + kMaxSafetensorsHeader + 3 * sizeof(float) * kParameterCount;

/// The arrays of a checkpoint; those that a file does not hold are null.
struct Arrays {
  const Parameters* parameters = nullptr;
  const Parameters* momentum = nullptr;
  const Parameters* best = nullptr;
};

std::string digest_of(const Arrays& arrays) {
  Sha256 digest;
  for (const Parameters* array : {arrays.parameters, arrays.momentum, arrays.best})
    if (array != nullptr) digest.update(std::as_bytes(std::span(array->values)));
  return digest.hex();
}

/// SHA-256 of all entries but the digest itself, as JSON with sorted keys and no spaces: in Python
/// json.dumps(metadata, sort_keys=True, separators=(",", ":"), ensure_ascii=False).
std::string digest_of(Metadata metadata) {
  metadata.erase("metadata_sha256");
  try {
    return sha256_hex(std::as_bytes(std::span<const char>(nlohmann::json(metadata).dump())));
  } catch (const nlohmann::json::exception&) {
    throw Error(ErrorKind::kCheckpoint, "cannot write a checkpoint: its metadata is not UTF-8",
                "use paths and names in UTF-8");
  }
}

void append_tensors(SafetensorsFile& file, std::string_view prefix, const Parameters& parameters) {
  for (std::size_t i = 0; i < kParameters.size(); ++i) {
    const auto shape = kParameters[i].shape();
    const auto bytes = std::as_bytes(parameters.tensor(i));
    file.tensors.push_back({.name = std::string(prefix) + std::string(kParameters[i].name),
                            .dtype = Dtype::kF32,
                            .shape = {shape.begin(), shape.end()},
                            .bytes = {bytes.begin(), bytes.end()}});
  }
}

std::string encode(const Arrays& arrays, const CheckpointInfo& info) {
  SafetensorsFile file;
  file.metadata = {{"format_version", std::to_string(kFormatVersion)},
                   {"epoch", std::to_string(info.epoch)},
                   {"step", std::to_string(info.step)},
                   {"config", info.config_json},
                   {"class_names", nlohmann::json(kClassNames).dump()},
                   {"mean", nlohmann::json(kPixelMean).dump()},
                   {"std", nlohmann::json(kPixelStd).dump()},
                   {"engine", info.engine},
                   {"program_version", info.program_version},
                   {"libtorch_version", info.libtorch_version},
                   {"data_sha256", info.data_sha256},
                   {"tensors_sha256", digest_of(arrays)}};
  for (const auto& [key, value] : info.resume) {
    file.metadata[std::string(kResumePrefix) + key] = value;
  }
  file.metadata["metadata_sha256"] = digest_of(file.metadata);
  append_tensors(file, "", *arrays.parameters);
  if (arrays.momentum != nullptr) append_tensors(file, kMomentumPrefix, *arrays.momentum);
  if (arrays.best != nullptr) append_tensors(file, kBestPrefix, *arrays.best);
  return to_safetensors(file);
}

/// Takes a parsed file apart; `name` stands for it in messages.
class Decoder {
 public:
  Decoder(const SafetensorsFile& file, const std::string& name) : file_(file), name_(name) {}

  Checkpoint decode() const {
    // Any of three, so that a damaged file of ours does not pass for one from elsewhere.
    const bool ours = has("format_version") || has("tensors_sha256") || has("metadata_sha256");
    if (ours) check_format_version();
    const bool has_momentum = has_array(kMomentumPrefix);
    const bool has_best = has_array(kBestPrefix);
    check_names(has_momentum);
    Checkpoint checkpoint{.parameters = parameters(""), .state = {}, .best = {}, .info = {}};
    std::optional<Parameters> momentum;
    if (has_momentum) momentum = parameters(kMomentumPrefix);
    if (has_best) checkpoint.best = parameters(kBestPrefix);
    if (!ours) {
      if (has_momentum || has_best)
        fail("it holds momentum but not the metadata of a training state");
      return checkpoint;
    }
    check_digest("metadata_sha256", digest_of(file_.metadata), "metadata");
    check_digest("tensors_sha256",
                 digest_of({&checkpoint.parameters, momentum ? &*momentum : nullptr,
                            checkpoint.best ? &*checkpoint.best : nullptr}),
                 "tensors");
    checkpoint.info = info();
    if (momentum) {
      checkpoint.state = TrainState{.parameters = checkpoint.parameters,
                                    .momentum = std::move(*momentum),
                                    .step = checkpoint.info->step};
    }
    return checkpoint;
  }

 private:
  [[noreturn]] void fail(const std::string& why,
                         const std::string& hint = "give another checkpoint") const {
    throw Error(ErrorKind::kCheckpoint, "cannot read '" + name_ + "': " + why, hint);
  }

  bool has_array(std::string_view prefix) const {
    return std::ranges::any_of(
        file_.tensors, [&](const Tensor& tensor) { return tensor.name.starts_with(prefix); });
  }

  bool has(const char* key) const { return file_.metadata.contains(key); }

  const std::string& text(const char* key) const {
    const auto found = file_.metadata.find(key);
    if (found == file_.metadata.end()) {
      fail("its metadata lacks '" + std::string(key) + "'",
           "it is damaged: give another checkpoint");
    }
    return found->second;
  }

  std::uint64_t number(const char* key) const {
    const std::string& digits = text(key);
    const char* const end = digits.data() + digits.size();
    std::uint64_t value = 0;
    const auto [stop, error] = std::from_chars(digits.data(), end, value);
    if (error != std::errc() || stop != end) {
      fail("its metadata has " + printable(digits) + " as '" + key + "', expected a whole number");
    }
    return value;
  }

  void check_format_version() const {
    const std::uint64_t version = number("format_version");
    if (version > kFormatVersion) {
      fail("it was written by a newer program: its format version is " + std::to_string(version) +
               ", this program reads " + std::to_string(kFormatVersion),
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
        fail("it has a tensor " + printable(tensor.name) +
                 ", expected exactly the eight parameters, " + "conv1.weight to fc2.bias" +
                 (with_momentum ? ", and their momentum" : ""),
             "give a checkpoint of this network");
      }
    }
  }

  /// The eight tensors under `prefix`.
  Parameters parameters(std::string_view prefix) const {
    Parameters result;
    for (std::size_t i = 0; i < kParameters.size(); ++i) {
      const auto shape = kParameters[i].shape();
      const std::string tensor_name = std::string(prefix) + std::string(kParameters[i].name);
      const Tensor* tensor = find_tensor(file_, tensor_name);
      if (tensor == nullptr) {
        fail("it has no tensor '" + tensor_name + "'", "give a checkpoint of this network");
      }
      if (tensor->dtype != Dtype::kF32 || !std::ranges::equal(tensor->shape, shape)) {
        fail("its tensor '" + tensor_name + "' is " + describe(tensor->dtype, tensor->shape) +
                 ", expected " + describe(Dtype::kF32, shape),
             "give a checkpoint of this network");
      }
      std::memcpy(result.tensor(i).data(), tensor->bytes.data(), tensor->bytes.size());
    }
    return result;
  }

  void check_digest(const char* key, const std::string& found, const std::string& what) const {
    if (text(key) != found) {
      fail("the SHA-256 of its " + what + " is " + found + ", expected " + printable(text(key)),
           "it is damaged: give another checkpoint");
    }
  }

  CheckpointInfo info() const {
    CheckpointInfo result{.epoch = number("epoch"),
                          .step = number("step"),
                          .config_json = text("config"),
                          .engine = text("engine"),
                          .program_version = text("program_version"),
                          .libtorch_version = text("libtorch_version"),
                          .data_sha256 = text("data_sha256"),
                          .resume = {}};
    for (const auto& [key, value] : file_.metadata) {
      if (key.starts_with(kResumePrefix)) result.resume[key.substr(kResumePrefix.size())] = value;
    }
    return result;
  }

  const SafetensorsFile& file_;
  const std::string& name_;
};

}  // namespace

std::string encode_model(const Parameters& parameters, const CheckpointInfo& info) {
  return encode({.parameters = &parameters}, info);
}

std::string encode_training_state(const TrainState& state, const Parameters* best,
                                  const CheckpointInfo& info) {
  CheckpointInfo written = info;
  written.step = state.step;
  return encode({&state.parameters, &state.momentum, best}, written);
}

Checkpoint decode_checkpoint(std::string_view bytes, const std::string& name) {
  const SafetensorsFile file = parse_safetensors(bytes, name);
  return Decoder(file, name).decode();
}

Checkpoint load_checkpoint(const std::filesystem::path& path) {
  std::error_code unknown_size;
  const std::uintmax_t size = std::filesystem::file_size(path, unknown_size);
  if (!unknown_size && size > kMaxFileSize) {
    throw Error(ErrorKind::kCheckpoint,
                "cannot read '" + path.string() + "': it has " + std::to_string(size) +
                    " bytes, a checkpoint has at most " + std::to_string(kMaxFileSize),
                "give a checkpoint of this network");
  }
  return decode_checkpoint(read_file(path, ErrorKind::kCheckpoint), path.string());
}

}  // namespace fmnist
