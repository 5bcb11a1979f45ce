#pragma once

#include <string>
#include <vector>

#include "fmnist/report/report_page.h"
#include "fmnist/sweep/saved_sweep.h"

namespace fmnist {

/// The most trials that a sweep's page lists, those of the best settings.
inline constexpr std::size_t kTrialsInReport = 500;

/// The parts of a sweep's report below its head, in the order of the page.
std::vector<Section> sweep_sections(const SavedSweep& sweep);

/// A sweep as one HTML file that needs nothing else: no network, no script.
std::string sweep_page(const SavedSweep& sweep);

}  // namespace fmnist
