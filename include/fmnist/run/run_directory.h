#pragma once

#include <filesystem>
#include <string>

#include "fmnist/run/output_directory.h"

namespace fmnist {

/// The files of a run directory, by name.
inline constexpr const char* kConfigFile = "config.toml";
inline constexpr const char* kMetricsFile = "metrics.csv";
inline constexpr const char* kResultFile = "result.json";
inline constexpr const char* kLogFile = "train.log";
inline constexpr const char* kModelFile = "model.safetensors";
inline constexpr const char* kStateFile = "last.safetensors";
inline constexpr const char* kReportFile = "report.html";

/// Where event files for TensorBoard stand, and how their names begin.
inline constexpr const char* kTensorBoardDirectory = "tensorboard";
inline constexpr const char* kEventFilePrefix = "events.out.tfevents.";

/// What --overwrite removes of a run, besides its event files.
inline const OutputFiles kRunFiles = {
    "run",
    {kConfigFile, kMetricsFile, kResultFile, kLogFile, kModelFile, kStateFile, kReportFile},
    {}};

/// Where to write when nobody says: "runs/2026-11-25T14-03-07Z", with "-2" and so on when that is
/// taken; `prefix` stands before the time.
std::filesystem::path default_output(const std::string& prefix = "");

}  // namespace fmnist
