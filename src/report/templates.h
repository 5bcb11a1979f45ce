#pragma once

#include <map>
#include <string>

namespace fmnist {

/// The page's templates and its style sheet, by file name: files of this folder, which the build
/// puts into the program.
const std::map<std::string, std::string>& templates();

}  // namespace fmnist
