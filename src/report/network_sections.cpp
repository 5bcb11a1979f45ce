#include <algorithm>
#include <cmath>

#include "fmnist/core/text.h"
#include "report/html.h"
#include "report/pictures.h"
#include "report/sections.h"

namespace fmnist {
namespace {

constexpr std::size_t kFilterSide = 5;
constexpr std::size_t kMapColumns = 5;

/// From blue over the page's own colour to orange, with the weights that they stand for.
std::string colour_key(float largest) {
  const std::string end = fixed(largest, 2);
  return element("div", {{"class", "key"}},
                 element("span", {}, "\xE2\x88\x92" + end) +
                     element("span", {{"class", "ramp"}}, "0") + element("span", {}, "+" + end));
}

std::string filter_figure(const ReportContent& content, std::size_t filter, float largest) {
  const auto weights = content.model.parameters.tensor(0).subspan(
      filter * kFilterSide * kFilterSide, kFilterSide * kFilterSide);
  const std::string name = "filter " + std::to_string(filter + 1);
  return element(
      "figure", {},
      image_element(weight_picture(weights, kFilterSide, largest), "weights of " + name, "filter") +
          element("figcaption", {}, name));
}

std::string maps_of(const ClassExample& example) {
  const ShownImage& image = example.image;
  const std::string name(kClassNames[image.label]);
  const auto column = [](const std::string& picture) {
    return element("div", {{"class", "maps"}}, picture);
  };
  const std::string answer = image.predicted == image.label
                                 ? "recognised, " + percentage(image.confidence, 1)
                                 : "taken for " + std::string(kClassNames[image.predicted]) + ", " +
                                       percentage(image.confidence, 1);
  return element(
             "figure", {{"class", "example"}},
             element(
                 "div", {{"class", "row"}},
                 column(image_element(grey_picture(image.pixels), name, "input")) +
                     column(image_element(map_picture(example.maps.conv1, kConv1Side, kMapColumns),
                                          "10 feature maps of conv1 for " + name, "conv1")) +
                     column(image_element(map_picture(example.maps.conv2, kConv2Side, kMapColumns),
                                          "20 feature maps of conv2 for " + name, "conv2"))) +
                 element("figcaption", {},
                         element("strong", {}, escape(name)) + " \xC2\xB7 " + escape(answer))) +
         "\n";
}

}  // namespace

Section filters_section(const ReportContent& content) {
  const auto weights = content.model.parameters.tensor(0);
  float largest = 0.0f;
  for (const float weight : weights) largest = std::max(largest, std::abs(weight));
  std::string filters;
  for (std::size_t filter = 0; filter < kConv1Channels; ++filter)
    filters += filter_figure(content, filter, largest) + "\n";
  return {
      "filters", "Filters",
      lead("The ten 5 × 5 filters of the first convolution. Where orange lies on light and blue "
           "on dark, the filter answers strongly: a filter half orange, half blue finds edges "
           "of that direction.") +
          element("div", {{"class", "filters"}}, filters) + colour_key(largest)};
}

Section feature_maps_section(const ReportContent& content) {
  std::string examples;
  for (const ClassExample& example : content.examples) examples += maps_of(example);
  return {
      "feature-maps", "Feature maps",
      lead("What the network sees in one image of each class (the first of the test set). Left: "
           "the image. Middle: the ten maps of the first convolution, one per filter above; "
           "outlines and surfaces are still to be seen. Right: the twenty maps of the second "
           "one, coarse answers to parts of a shape. White is the strongest answer of the "
           "layer to this image, black is none.") +
          element("div", {{"class", "examples"}}, examples)};
}

Section mistakes_section(const ReportContent& content) {
  Section section{"mistakes", "Mistakes", {}};
  if (content.mistakes.empty()) {
    section.body = lead("There are none: every test image was recognised.");
    return section;
  }
  std::string figures;
  for (const ShownImage& mistake : content.mistakes) {
    const std::string label(kClassNames[mistake.label]);
    const std::string predicted(kClassNames[mistake.predicted]);
    figures += element("figure", {},
                       image_element(grey_picture(mistake.pixels),
                                     "test image " + std::to_string(mistake.index), "mistake") +
                           element("figcaption", {},
                                   element("span", {{"class", "truth"}}, escape(label)) +
                                       element("span", {{"class", "taken"}}, escape(predicted)) +
                                       element("span", {{"class", "sure"}},
                                               percentage(mistake.confidence, 1)))) +
               "\n";
  }
  const std::size_t all = content.evaluation.mistakes.size();
  section.body =
      lead("The " + counted(content.mistakes.size(), "wrong answer") +
           " of which the network was most sure, of " + grouped(all) +
           " in all. Below each image: what it " + element("span", {{"class", "truth"}}, "is") +
           ", what it was " + element("span", {{"class", "taken"}}, "taken for") +
           ", and the probability the network gave that.") +
      element("div", {{"class", "mistakes"}}, figures);
  return section;
}

}  // namespace fmnist
