#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <memory>
#include <numeric>

#include "cli/arguments/command_line.h"
#include "cli/commands/commands.h"
#include "cli/commands/shared.h"
#include "cli/terminal/log.h"
#include "cli/terminal/output.h"
#include "fmnist/core/error.h"
#include "fmnist/evaluate/evaluation.h"
#include "fmnist/evaluate/select_split.h"
#include "fmnist/image/fit.h"
#include "fmnist/image/picture.h"
#include "fmnist/run/results.h"

namespace fmnist {
namespace {

/// What `fmnist-train predict` takes besides machine and output options.
struct PredictOptions {
  std::filesystem::path checkpoint;  // a file or a run directory
  std::vector<std::string> images;   // names of files; "-": names from standard input, one a line
  Inversion invert = Inversion::kAuto;
  std::size_t top_k = 3;
};

const std::vector<OptionOf<PredictOptions>>& table() {
  static const std::vector<OptionOf<PredictOptions>> kTable = {
      option<PredictOptions>({.name = "checkpoint", .help = kCheckpointHelp},
                             &PredictOptions::checkpoint),
      option<PredictOptions>(
          {.name = "images",
           .help = "PNG, JPEG, PGM or IDX files; - reads their names from standard input",
           .positional = true,
           .placeholder = "IMAGE"},
          &PredictOptions::images),
      option<PredictOptions>({.name = "invert", .help = "the object is darker than the ground"},
                             &PredictOptions::invert),
      option<PredictOptions>(
          {.name = "top-k", .help = "classes to name for each picture", .placeholder = "K"},
          &PredictOptions::top_k, {1, kClassCount}),
  };
  return kTable;
}

constexpr std::size_t kBatch = 1024;  // pictures of an IDX file: bounds the memory

/// One picture with the network's answer.
struct Prediction {
  std::string file;
  std::optional<std::size_t> index;  // within an IDX file
  bool inverted = false;
  std::array<double, kClassCount> probabilities{};
};

/// The `count` classes with the largest probabilities, largest first.
std::vector<std::size_t> top_classes(const Prediction& prediction, std::size_t count) {
  std::vector<std::size_t> classes(kClassCount);
  std::iota(classes.begin(), classes.end(), std::size_t{0});
  std::ranges::stable_sort(classes, std::ranges::greater{},
                           [&](std::size_t label) { return prediction.probabilities[label]; });
  classes.resize(count);
  return classes;
}

nlohmann::ordered_json prediction_event(const Prediction& prediction, std::size_t top_k) {
  nlohmann::ordered_json top = nlohmann::ordered_json::array();
  for (const std::size_t label : top_classes(prediction, top_k)) {
    top.push_back({{"class", label},
                   {"name", kClassNames[label]},
                   {"probability", prediction.probabilities[label]}});
  }
  nlohmann::ordered_json json = event("prediction");
  json["file"] = prediction.file;
  if (prediction.index) json["index"] = *prediction.index;
  json.update(top.front());
  json["inverted"] = prediction.inverted;
  json["top"] = top;
  json["probabilities"] = prediction.probabilities;
  return json;
}

/// "Ankle boot   98.31%  Sneaker       1.02%  shoe.png": the name last, as it may be long.
std::string prediction_row(const Prediction& prediction, std::size_t top_k) {
  std::string row;
  for (const std::size_t label : top_classes(prediction, top_k)) {
    row += fmt::format("{:<11} {:6.2f}%  ", kClassNames[label],
                       100.0 * prediction.probabilities[label]);
  }
  row += prediction.file;
  if (prediction.index) row += fmt::format("[{}]", *prediction.index);
  return row + "\n";
}

/// Classifies the pictures of one file and prints a line for each. Throws `Error`.
void predict_file(const std::string& name, const Pictures& pictures, const PredictOptions& options,
                  bool json, Engine& engine) {
  for (std::size_t first = 0; first < pictures.count; first += kBatch) {
    const std::size_t count = std::min(kBatch, pictures.count - first);
    std::vector<std::uint8_t> images;  // [count, 28, 28]
    std::vector<Prediction> predictions;
    for (std::size_t index = first; index < first + count; ++index) {
      const FittedPicture fitted =
          fit_picture(pictures.picture(index), pictures.height, pictures.width, options.invert);
      images.insert(images.end(), fitted.pixels.begin(), fitted.pixels.end());
      predictions.push_back({.file = name, .index = {}, .inverted = fitted.inverted});
      if (pictures.is_series) predictions.back().index = index;
    }
    const std::vector<float> logits = engine.logits(images);
    require_finite(logits);
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
      Prediction& prediction = predictions[i];
      prediction.probabilities = softmax(std::span(logits).subspan(i * kClassCount, kClassCount));
      text += json ? to_line(prediction_event(prediction, options.top_k)) + "\n"
                   : prediction_row(prediction, options.top_k);
    }
    print(text);
  }
}

/// A file that cannot be read is reported and the rest goes on; the status is then 1.
int run_predict(const Invocation& invocation) {
  const auto options = own_options(table(), invocation);
  require_checkpoint(options.checkpoint, "predict");
  if (options.images.empty()) {
    throw Error(ErrorKind::kUsage, "predict needs pictures",
                "give names of files, or - to read the names from standard input");
  }
  const Config& config = invocation.config;
  const TrainedModel model = load_model(options.checkpoint);
  const auto engine = make_model_engine(model, choose_machine_for(model, config));
  int status = 0;
  const auto predict = [&](const std::string& name) {
    Pictures pictures;
    try {
      pictures = read_pictures(name);
    } catch (const Error& error) {
      log_error(full_text(error));
      status = static_cast<int>(ErrorKind::kRuntime);
      return;
    }
    predict_file(name, pictures, options, config.json, *engine);
  };
  for (const std::string& name : options.images) {
    if (name != "-") {
      predict(name);
      continue;
    }
    for (std::string line; std::getline(std::cin, line);)
      if (!line.empty()) predict(line);
  }
  return status;
}

}  // namespace

Command predict_command() {
  return {.id = kPredict,
          .name = "predict",
          .help = "classes of your own pictures",
          .own = infos(table()),
          .run = run_predict};
}

}  // namespace fmnist
