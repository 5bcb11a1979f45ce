#pragma once

#include "evaluate/predictions.h"
#include "fmnist/core/random.h"
#include "fmnist/report/report_content.h"
#include "support/idx_writer.h"

namespace fmnist {

/// What a small run might come to: noise that looks like results.
inline ReportContent sample_content() {
  constexpr std::size_t kImages = 200;
  ReportContent content;
  content.directory = "runs/sample";
  content.model.file = "runs/sample/model.safetensors";
  for (std::uint32_t i = 0; i < kParameterCount; ++i) {
    const auto noise = static_cast<double>(philox({3, 0}, {i, 0, 0, 0})[0]) / 4294967296.0;
    content.model.parameters.values[i] = static_cast<float>(noise - 0.5);
  }
  content.model.config = Config{};
  content.model.epoch = 2;
  content.model.provenance = Provenance{.program_version = "1",
                                        .libtorch_version = "2",
                                        .engine = {EngineChoice::kFused, "cpu", 2, "avx2"},
                                        .data = {"data", "da7a", true}};
  content.run = RunSummary{RunStatus::kFinished, 2, 1.25, *content.model.provenance};
  content.epochs = {{1, 4, 0.01, {1.5, 0.5}, false, {1.25, 0.625}, {}, 0.0, {}},
                    {2, 8, 0.01, {1.0, 0.75}, false, {0.875, 0.8125}, {}, 0.0, {}}};
  content.data = content.model.provenance->data;
  content.test = learnable_split(kImages, 1);
  content.logits = Predictions::noisy(kImages).logits;
  content.evaluation = evaluate_predictions(content.logits, content.test.labels);
  content.shifts = ShiftGrid{1, {0.1, 0.2, 0.3, 0.4, 0.9, 0.6, 0.7, 0.35, 0.15}};
  return content;
}

}  // namespace fmnist
