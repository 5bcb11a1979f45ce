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

json example(const ReportContent& content, std::size_t index) {
  const auto image = content.test.image(index);
  const std::size_t label = content.test.labels[index];
  const auto probabilities =
      softmax(std::span(content.logits).subspan(index * kClassCount, kClassCount));
  const auto best = std::ranges::max_element(probabilities);
  const auto predicted = static_cast<std::size_t>(best - probabilities.begin());
  const std::string answer =
      predicted == label ? "recognised" : fmt::format("taken for {}", kClassNames[predicted]);
  const auto [conv1, conv2] = feature_maps(content.model.parameters, image);
  return {{"class", kClassNames[label]},
          {"answer", fmt::format("{}, {}", answer, percentage(*best, 1))},
          {"input", to_json(grey_picture(image))},
          {"conv1", to_json(map_picture(conv1, kConv1Side, kMapColumns))},
          {"conv2", to_json(map_picture(conv2, kConv2Side, kMapColumns))}};
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
  const auto& labels = content.test.labels;
  for (std::uint8_t label = 0; label < kClassCount; ++label) {
    const auto found = std::ranges::find(labels, label);
    if (found == labels.end()) continue;
    examples.push_back(example(content, static_cast<std::size_t>(found - labels.begin())));
  }
  return examples;
}

json mistakes_section(const ReportContent& content) {
  const auto& mistakes = content.evaluation.mistakes;
  if (mistakes.empty()) return nullptr;
  json pictures;
  for (const Mistake& mistake : mistakes) {
    if (pictures.size() == kMistakesInReport) break;
    json picture = to_json(grey_picture(content.test.image(mistake.index)));
    picture["index"] = mistake.index;
    picture["label"] = kClassNames[mistake.label];
    picture["predicted"] = kClassNames[mistake.predicted];
    picture["confidence"] = percentage(mistake.confidence, 1);
    pictures.push_back(std::move(picture));
  }
  return {{"shown", counted(pictures.size(), "wrong answer")},
          {"all", grouped(mistakes.size())},
          {"pictures", pictures}};
}

}  // namespace fmnist
