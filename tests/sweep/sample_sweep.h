#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "fmnist/sweep/sweep_json.h"

namespace fmnist {

inline Plan sample_plan(std::vector<std::string> vary, int seeds = 3) {
  Config base;
  base.val_split = 500;
  base.epochs = 2;
  PlanRequest request;
  request.vary = std::move(vary);
  request.seeds = seeds;
  return make_plan(request, base);
}

/// What a sweep might come to: each setting is a little worse than the one before, hardly by
/// chance; `alter` may change any record.
inline SavedSweep sample_sweep(
    Plan plan, const std::function<void(TrialRecord&)>& alter = [](TrialRecord&) {}) {
  SavedSweep sweep;
  sweep.directory = "runs/sample";
  std::vector<TrialRecord> records;
  for (std::size_t setting = 0; setting < plan.settings.size(); ++setting) {
    for (std::size_t k = 0; k < plan.seeds.size(); ++k) {
      TrialRecord& record = records.emplace_back();
      record.trial.setting = setting;
      record.trial.seed = plan.seeds[k];
      record.epochs = 2;
      record.figures =
          Metrics{0.5 + 0.01 * static_cast<double>(setting),
                  0.8 - 0.01 * static_cast<double>(setting) + 0.002 * static_cast<double>(k) +
                      0.0005 * static_cast<double>(setting * k % 3)};
      record.weights_sha256 = "f00";
      alter(record);
    }
  }
  sweep.ranking = rank_settings(std::move(records));
  compare_with_best(sweep.ranking);
  if (const SettingSummary* best = winner(sweep.ranking))
    sweep.retrain = "fmnist-train --epochs 2 --lr " + plan.settings[best->setting].front();
  sweep.provenance = {.program_version = "1",
                      .libtorch_version = "2",
                      .engine = {EngineChoice::kFused, "cpu", 2, "avx2"},
                      .data = {"data", "da7a", true}};
  sweep.plan = std::move(plan);
  return sweep;
}

}  // namespace fmnist
