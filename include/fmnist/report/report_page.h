#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fmnist/report/report_content.h"

namespace fmnist {

/// A part of the page: its anchor, its heading, and what stands below it, as HTML.
struct Section {
  std::string_view id;
  std::string_view title;
  std::string body;
};

/// The parts of the report below its head, in the order of the page.
std::vector<Section> report_sections(const ReportContent& content);

/// The whole report as one HTML file that needs nothing else: no network, no script.
std::string report_page(const ReportContent& content);

}  // namespace fmnist
