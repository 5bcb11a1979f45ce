#pragma once

#include "fmnist/report/report_page.h"

namespace fmnist {

/// Each part of the report; `report_sections` puts them in order.
Section curves_section(const ReportContent& content);
Section classes_section(const ReportContent& content);
Section confusion_section(const ReportContent& content);
Section calibration_section(const ReportContent& content);
Section filters_section(const ReportContent& content);
Section feature_maps_section(const ReportContent& content);
Section mistakes_section(const ReportContent& content);
Section shifts_section(const ReportContent& content);  // where `content.shifts` is given
Section settings_section(const ReportContent& content);

}  // namespace fmnist
