#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "fmnist/report/report_page.h"

namespace fmnist {

/// The directory's own name, also of "." and "runs/x/".
std::string name_of(const std::filesystem::path& directory);

/// A figure of the page's head with what it is.
std::string tile(const std::string& value, const std::string& name);

/// A page called `name` that needs nothing from elsewhere: the HTML of its head, links to the
/// sections, the sections, the HTML of its foot.
std::string page_of(const std::string& name, const std::string& head,
                    const std::vector<Section>& sections, const std::string& foot);

}  // namespace fmnist
