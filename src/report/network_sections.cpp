#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fmnist/core/text.h"
#include "report/feature_maps.h"
#include "report/pictures.h"
#include "report/sections.h"

namespace fmnist {
namespace {

using nlohmann::json;

constexpr std::size_t kMapColumns = 5;

json example(const Parameters& parameters, const ShownImage& image) {
  const FeatureMaps maps = feature_maps(parameters, image.pixels);
  const std::string answer = image.predicted == image.label
                                 ? "recognised"
                                 : fmt::format("taken for {}", kClassNames[image.predicted]);
  return {{"class", kClassNames[image.label]},
          {"answer", fmt::format("{}, {}", answer, percentage(image.confidence, 1))},
          {"input", to_json(grey_picture(image.pixels))},
          {"conv1", to_json(map_picture(maps.conv1, kConv1Side, kMapColumns))},
          {"conv2", to_json(map_picture(maps.conv2, kConv2Side, kMapColumns))}};
}

}  // namespace

json filters_section(const Parameters& parameters) {
  const auto weights = parameters.tensor(kConv1Weight);
  float largest = 0.0f;
  for (const float weight : weights) largest = std::max(largest, std::abs(weight));
  json pictures;
  for (std::size_t filter = 0; filter < kConv1Channels; ++filter) {
    json picture =
        to_json(weight_picture(weights.subspan(filter * kTaps, kTaps), kKernelSide, largest));
    picture["number"] = filter + 1;
    pictures.push_back(std::move(picture));
  }
  return {{"pictures", pictures}, {"largest", fixed(largest, 2)}};
}

json examples_section(const ReportContent& content) {
  json examples = json::array();
  for (const ShownImage& image : content.examples)
    examples.push_back(example(content.model.parameters, image));
  return examples;
}

json mistakes_section(const ReportContent& content) {
  if (content.mistakes.empty()) return nullptr;
  json pictures;
  for (const ShownImage& mistake : content.mistakes) {
    json picture = to_json(grey_picture(mistake.pixels));
    picture["index"] = mistake.index;
    picture["label"] = kClassNames[mistake.label];
    picture["predicted"] = kClassNames[mistake.predicted];
    picture["confidence"] = percentage(mistake.confidence, 1);
    pictures.push_back(std::move(picture));
  }
  return {{"shown", counted(content.mistakes.size(), "wrong answer")},
          {"all", grouped(content.evaluation.mistakes.size())},
          {"pictures", pictures}};
}

}  // namespace fmnist
