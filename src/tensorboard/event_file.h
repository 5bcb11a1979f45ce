#pragma once

#include <cstdint>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <memory>
#include <string_view>

namespace fmnist {

/// An event file that grows: every event is in the file when `append` returns, for a TensorBoard
/// that watches the run.
class EventFile {
 public:
  /// Makes `directory` and in it the file of a session that began at `time` with `first_step`;
  /// names in the order of time are in alphabetical order. Throws `Error` (kRuntime).
  EventFile(const std::filesystem::path& directory, std::time_t time, std::uint64_t first_step);

  /// Throws `Error` (kRuntime).
  void append(std::string_view event);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  std::filesystem::path path_;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace fmnist
