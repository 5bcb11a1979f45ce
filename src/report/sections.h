#pragma once

#include <nlohmann/json.hpp>

#include "fmnist/report/report_content.h"
#include "fmnist/sweep/sweep_json.h"

namespace fmnist {

/// The value of each name in run.html, and in sweep.html: sections as objects, lists as arrays.
nlohmann::json report_data(const ReportContent& content);
nlohmann::json sweep_data(const SavedSweep& sweep);

/// The sections of run.html; null where there is nothing to show. The examples are the first test
/// image of each class that has one, the mistakes the most confident ones.
nlohmann::json curves_section(const ReportContent& content);
nlohmann::json classes_section(const Evaluation& evaluation);
nlohmann::json confusion_section(const Evaluation& evaluation);
nlohmann::json calibration_section(const Evaluation& evaluation);
nlohmann::json filters_section(const Parameters& parameters);
nlohmann::json examples_section(const ReportContent& content);
nlohmann::json mistakes_section(const ReportContent& content);
nlohmann::json shifts_section(const std::optional<ShiftGrid>& shifts);

/// That of sweep.html with validation accuracy against lr, or else the first option whose values
/// are numbers, and a line for each combination of the other options' values; null when no such
/// option varies.
nlohmann::json chart_section(const SavedSweep& sweep);

}  // namespace fmnist
