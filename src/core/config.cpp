#include "fmnist/core/config.h"

#include <fmt/format.h>

#include "fmnist/core/error.h"
#include "fmnist/core/text.h"

namespace fmnist {
namespace {

void refuse_together(bool both, const char* first, const char* second, const char* why) {
  if (!both) return;
  throw Error(ErrorKind::kUsage,
              fmt::format("{} and {} exclude each other: {}", first, second, why),
              "leave one of them out");
}

}  // namespace

std::string to_string(const DeviceRequest& request) {
  if (request.kind == DeviceRequest::Kind::kAuto) return "auto";
  if (request.kind == DeviceRequest::Kind::kCpu) return "cpu";
  return request.index ? fmt::format("cuda:{}", *request.index) : "cuda";
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
  if (config.warmup_epochs > static_cast<double>(config.epochs)) {
    throw Error(ErrorKind::kUsage,
                fmt::format("--warmup-epochs is {}, longer than the run of --epochs {}",
                            to_text(config.warmup_epochs), config.epochs),
                "choose a shorter warm-up or more epochs");
  }
  if (config.engine == EngineChoice::kFused && config.device.kind == DeviceRequest::Kind::kCuda) {
    throw Error(
        ErrorKind::kUsage,
        fmt::format("--engine fused runs on the CPU, not on --device {}", to_string(config.device)),
        "use --engine torch or --device cpu");
  }
}

}  // namespace fmnist
