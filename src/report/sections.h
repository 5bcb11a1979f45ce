#pragma once

#include <functional>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>

#include "fmnist/core/options.h"
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

/// The option_row.html of each of `config`'s options of one group for which `shown` is true; those
/// that are not the book's are marked and say what it has.
nlohmann::json option_rows(
    const Config& config, std::initializer_list<OptionGroup> groups,
    const std::function<bool(const Option&)>& shown = [](const Option&) { return true; });

/// A cell of heat_rows.html: its ground is the stronger (0 to 1) the more `text` says, blue where
/// `right`, else orange; `marked` is outlined; the pointer finds `tip`.
nlohmann::json heat_cell(const std::string& text, double strength, bool right, bool marked,
                         const std::string& tip);

}  // namespace fmnist
