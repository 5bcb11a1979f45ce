#include "tensorboard/event_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

#include "fmnist/core/error.h"
#include "fmnist/run/run_directory.h"
#include "tensorboard/record.h"

namespace fmnist {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& reason) {
  throw Error(ErrorKind::kRuntime,
              fmt::format("cannot write '{}': {}; the run goes on without events for TensorBoard",
                          path.string(), reason));
}

std::string file_name(std::time_t time, std::uint64_t first_step) {
  return fmt::format("{}{:010}.{:010}", kEventFilePrefix, time, first_step);
}

}  // namespace

EventFile::EventFile(const std::filesystem::path& directory, std::time_t time,
                     std::uint64_t first_step)
    : path_(directory / file_name(time, first_step)) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) fail(path_, error.message());
  file_.reset(std::fopen(path_.c_str(), "abe"));  // e: closed in child processes
  if (!file_) fail(path_, std::strerror(errno));
}

void EventFile::append(std::string_view event) {
  const std::string record = to_record(event);
  if (std::fwrite(record.data(), 1, record.size(), file_.get()) != record.size() ||
      std::fflush(file_.get()) != 0) {
    fail(path_, std::strerror(errno));
  }
}

}  // namespace fmnist
