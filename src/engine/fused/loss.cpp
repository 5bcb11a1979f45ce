#include "engine/fused/loss.h"

#include <algorithm>
#include <cmath>

namespace fmnist {

Totals softmax_cross_entropy(const std::uint8_t* labels, std::size_t images, double label_smoothing,
                             float scale, Workspace& work) {
  constexpr double kClasses = kClassCount;
  const auto off_target = static_cast<float>(label_smoothing / kClasses);
  const auto on_target = static_cast<float>(1.0 - label_smoothing) + off_target;
  Totals totals;
  totals.count = images;
  std::fill_n(work.logits_gradient[0], kClassCount * kGroup, 0.0f);
  for (std::size_t image = 0; image < images; ++image) {
    const std::size_t label = labels[image];
    std::size_t largest = 0;
    for (std::size_t c = 1; c < kClassCount; ++c) {
      if (work.logits[c][image] > work.logits[largest][image]) largest = c;
    }
    const float shift = work.logits[largest][image];
    float powers[kClassCount];
    float sum = 0.0f;
    double shifted_sum = 0.0;
    for (std::size_t c = 0; c < kClassCount; ++c) {
      const float shifted = work.logits[c][image] - shift;
      powers[c] = std::exp(shifted);
      sum += powers[c];
      shifted_sum += static_cast<double>(shifted);
    }
    const float share = 1.0f / sum;
    for (std::size_t c = 0; c < kClassCount; ++c) {
      const float target = c == label ? on_target : off_target;
      work.logits_gradient[c][image] = scale * (powers[c] * share - target);
    }
    totals.loss +=
        std::log(static_cast<double>(sum)) -
        (1.0 - label_smoothing) * static_cast<double>(work.logits[label][image] - shift) -
        (label_smoothing == 0.0 ? 0.0 : label_smoothing / kClasses * shifted_sum);
    totals.correct += largest == label;
  }
  return totals;
}

}  // namespace fmnist
