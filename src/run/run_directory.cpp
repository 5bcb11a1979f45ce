#include "fmnist/run/run_directory.h"

#include <fmt/chrono.h>

#include <ctime>
#include <system_error>

namespace fmnist {

std::filesystem::path default_output(const std::string& prefix) {
  const std::string name =
      fmt::format("{}{:%Y-%m-%dT%H-%M-%SZ}", prefix, fmt::gmtime(std::time(nullptr)));
  std::filesystem::path path = std::filesystem::path("runs") / name;
  std::error_code ignored;
  for (int number = 2; std::filesystem::exists(path, ignored); ++number)
    path.replace_filename(fmt::format("{}-{}", name, number));
  return path;
}

}  // namespace fmnist
