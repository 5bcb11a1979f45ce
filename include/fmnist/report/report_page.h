#pragma once

#include <string>

#include "fmnist/report/report_content.h"

namespace fmnist {

/// A run's report as one HTML file that needs nothing else: no network, no script.
std::string report_page(const ReportContent& content);

}  // namespace fmnist
