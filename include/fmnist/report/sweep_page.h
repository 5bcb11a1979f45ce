#pragma once

#include <string>

#include "fmnist/sweep/sweep_json.h"

namespace fmnist {

/// The most trials that a sweep's page lists, those of the best settings.
inline constexpr std::size_t kTrialsInReport = 500;

/// A sweep's report as one HTML file that needs nothing else: no network, no script.
std::string sweep_page(const SavedSweep& sweep);

}  // namespace fmnist
