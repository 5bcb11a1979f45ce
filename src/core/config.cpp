#include "fmnist/core/config.h"

#include <algorithm>

#include "fmnist/core/error.h"
#include "fmnist/core/options.h"

namespace fmnist {
namespace {

void refuse_together(bool both, const char* first, const char* second, const char* why) {
  if (!both) return;
  throw Error(ErrorKind::kUsage,
              std::string(first) + " and " + second + " exclude each other: " + why,
              "leave one of them out");
}

}  // namespace

std::string_view to_string(EngineChoice engine) {
  return std::ranges::find(kEngineNames, engine, [](const auto& entry) { return entry.second; })
      ->first;
}

std::optional<EngineChoice> parse_engine(std::string_view name) {
  const auto* const found =
      std::ranges::find(kEngineNames, name, [](const auto& entry) { return entry.first; });
  if (found == kEngineNames.end()) return std::nullopt;
  return found->second;
}

void validate(const Config& config) {
  refuse_together(config.no_output && config.output, "--output", "--no-output",
                  "one names a directory to write, the other writes nothing");
  refuse_together(config.no_output && config.overwrite, "--overwrite", "--no-output",
                  "nothing is written");
  refuse_together(config.no_output && config.tensorboard, "--tensorboard", "--no-output",
                  "its event files go into the run directory");
  refuse_together(config.quiet && config.verbose, "--quiet", "--verbose",
                  "one asks for less, the other for more");
  if (config.nesterov && config.momentum == 0.0) {
    throw Error(ErrorKind::kUsage, "--nesterov needs --momentum above 0, found 0",
                "give --momentum 0.9, say, or leave --nesterov out");
  }
  if (config.warmup_epochs > config.epochs) {
    throw Error(ErrorKind::kUsage,
                "--warmup-epochs is " + find_option("warmup-epochs")->text(config) +
                    ", longer than the run of --epochs " + std::to_string(config.epochs),
                "choose a shorter warm-up or more epochs");
  }
  if (config.engine == EngineChoice::kFused && config.device.kind == DeviceRequest::Kind::kCuda) {
    throw Error(
        ErrorKind::kUsage,
        "--engine fused runs on the CPU, not on --device " + find_option("device")->text(config),
        "use --engine torch or --device cpu");
  }
}

}  // namespace fmnist
