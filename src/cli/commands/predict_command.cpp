#include <algorithm>
#include <array>
#include <cstdio>
#include <iostream>
#include <memory>
#include <numeric>

#include "cli/arguments/command_line.h"
#include "cli/commands/commands.h"
#include "cli/commands/model_engine.h"
#include "cli/terminal/log.h"
#include "cli/terminal/output.h"
#include "fmnist/core/error.h"
#include "fmnist/evaluate/evaluation.h"
#include "fmnist/evaluate/trained_model.h"
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
  std::array<std::size_t, kClassCount> ranking{};  // classes, most probable first
};

std::array<std::size_t, kClassCount> ranking_of(std::span<const float> logits) {
  std::array<std::size_t, kClassCount> ranking;
  std::iota(ranking.begin(), ranking.end(), std::size_t{0});
  std::stable_sort(ranking.begin(), ranking.end(),
                   [&](std::size_t a, std::size_t b) { return logits[a] > logits[b]; });
  return ranking;
}

nlohmann::ordered_json prediction_event(const Prediction& prediction, std::size_t top_k) {
  const std::size_t best = prediction.ranking.front();
  nlohmann::ordered_json json = event("prediction");
  json["file"] = prediction.file;
  if (prediction.index) json["index"] = *prediction.index;
  json["class"] = best;
  json["name"] = kClassNames[best];
  json["probability"] = prediction.probabilities[best];
  json["inverted"] = prediction.inverted;
  json["top"] = nlohmann::ordered_json::array();
  for (std::size_t place = 0; place < top_k; ++place) {
    const std::size_t label = prediction.ranking[place];
    json["top"].push_back({{"class", label},
                           {"name", kClassNames[label]},
                           {"probability", prediction.probabilities[label]}});
  }
  json["probabilities"] = prediction.probabilities;
  return json;
}

/// "Ankle boot   98.31%  Sneaker       1.02%  shoe.png": the name last, as it may be long.
std::string prediction_row(const Prediction& prediction, std::size_t top_k) {
  std::string row;
  for (std::size_t place = 0; place < top_k; ++place) {
    const std::size_t label = prediction.ranking[place];
    std::array<char, 40> text{};
    std::snprintf(text.data(), text.size(), "%-11s %6.2f%%  ", kClassNames[label].data(),
                  100.0 * prediction.probabilities[label]);
    row += text.data();
  }
  row += prediction.file;
  if (prediction.index) row += "[" + std::to_string(*prediction.index) + "]";
  return row + "\n";
}

/// Classifies files and prints what comes of it.
class Predictor {
 public:
  Predictor(const PredictOptions& options, const Config& config, std::unique_ptr<Engine> engine)
      : options_(options), json_(config.json), engine_(std::move(engine)) {}

  void take(const std::string& name) {
    if (name == "-") {
      for (std::string line; std::getline(std::cin, line);)
        if (!line.empty()) take_file(line);
    } else {
      take_file(name);
    }
  }

  bool all_read() const { return all_read_; }

 private:
  void take_file(const std::string& name) {
    Pictures pictures;
    try {
      pictures = read_pictures(name);
    } catch (const Error& error) {
      log_error(error.what() + (error.hint().empty() ? "" : "; " + error.hint()));
      all_read_ = false;
      return;
    }
    for (std::size_t first = 0; first < pictures.count; first += kBatch)
      classify(name, pictures, first, std::min(kBatch, pictures.count - first));
  }

  void classify(const std::string& name, const Pictures& pictures, std::size_t first,
                std::size_t count) {
    std::vector<std::uint8_t> images;  // [count, 28, 28]
    std::vector<bool> inverted;
    for (std::size_t index = first; index < first + count; ++index) {
      const FittedPicture fitted =
          fit_picture(pictures.picture(index), pictures.height, pictures.width, options_.invert);
      images.insert(images.end(), fitted.pixels.begin(), fitted.pixels.end());
      inverted.push_back(fitted.inverted);
    }
    const std::vector<float> logits = engine_->logits(images);
    require_finite(logits);
    const auto top_k = options_.top_k;
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
      const auto row = std::span(logits).subspan(i * kClassCount, kClassCount);
      Prediction prediction{.file = name,
                            .index = {},
                            .inverted = inverted[i],
                            .probabilities = softmax(row),
                            .ranking = ranking_of(row)};
      if (pictures.is_series) prediction.index = first + i;
      text += json_ ? to_line(prediction_event(prediction, top_k)) + "\n"
                    : prediction_row(prediction, top_k);
    }
    print(text);
  }

  const PredictOptions& options_;
  const bool json_;
  const std::unique_ptr<Engine> engine_;
  bool all_read_ = true;
};

int run_predict(const Invocation& invocation) {
  const auto options = own_options(table(), invocation);
  require_checkpoint(options.checkpoint, "predict");
  if (options.images.empty()) {
    throw Error(ErrorKind::kUsage, "predict needs pictures",
                "give names of files, or - to read the names from standard input");
  }
  const Config& config = invocation.config;
  const TrainedModel model = load_model(options.checkpoint);
  Predictor predictor(options, config, make_model_engine(model, choose_machine_for(model, config)));
  for (const std::string& name : options.images) predictor.take(name);
  return predictor.all_read() ? 0 : static_cast<int>(ErrorKind::kRuntime);
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
