#include "fmnist/run/run_directory.h"

#include <array>
#include <ctime>
#include <system_error>

namespace fmnist {

std::filesystem::path default_output(const std::string& prefix) {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H-%M-%SZ", &utc);
  const std::string name = prefix + text.data();
  std::filesystem::path path = std::filesystem::path("runs") / name;
  std::error_code ignored;
  for (int number = 2; std::filesystem::exists(path, ignored); ++number)
    path.replace_filename(name + "-" + std::to_string(number));
  return path;
}

}  // namespace fmnist
