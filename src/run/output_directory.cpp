#include "fmnist/run/output_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "fmnist/core/error.h"
#include "fmnist/core/files.h"
#include "fmnist/run/run_directory.h"

namespace fmnist {
namespace {

void create(const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (!error && std::filesystem::is_directory(directory)) return;
  throw Error(ErrorKind::kRuntime,
              fmt::format("cannot create the run directory '{}': {}", directory.string(),
                          error ? error.message() : "a file of that name is in the way"),
              "choose another --output, or give --no-output to write no file");
}

/// Returns a descriptor whose lock no other program can have at the same time.
int lock(const std::filesystem::path& directory) {
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) {
    throw Error(ErrorKind::kRuntime,
                fmt::format("cannot open the run directory '{}': {}", directory.string(),
                            std::strerror(errno)),
                "choose another --output");
  }
  // Some network file systems know no locks: only a lock that someone else has is an obstacle.
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    ::close(descriptor);
    throw Error(
        ErrorKind::kCheckpoint,
        fmt::format("another program is writing to the run directory '{}'", directory.string()),
        "wait until it has ended, or choose another --output");
  }
  return descriptor;
}

/// Writes and removes as much as a run's files need.
void prove_writable(const std::filesystem::path& directory) {
  constexpr std::size_t kEnough = 512 * 1024;
  const auto probe = directory / ".fmnist-train.probe";  // no name that people give
  try {
    write_file_atomically(probe, std::string(kEnough, '\0'));
  } catch (const Error& error) {
    throw Error(ErrorKind::kRuntime,
                fmt::format("the run directory '{}' is not writable ({})", directory.string(),
                            error.what()),
                "free space or permissions there, or choose another --output");
  }
  std::error_code ignored;
  std::filesystem::remove(probe, ignored);
}

void remove_path(const std::filesystem::path& path, bool with_content = false) {
  std::error_code error;
  if (with_content) {
    std::filesystem::remove_all(path, error);
  } else {
    std::filesystem::remove(path, error);
  }
  if (!error) return;
  throw Error(ErrorKind::kRuntime,
              fmt::format("cannot remove '{}': {}", path.string(), error.message()),
              "choose another --output");
}

/// TensorBoard would show the events of both runs as one.
void remove_event_files(const std::filesystem::path& directory) {
  std::error_code ignored;  // mostly, there is none
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory, ignored))
    if (entry.path().filename().string().starts_with(kEventFilePrefix))
      files.push_back(entry.path());
  for (const auto& file : files) remove_path(file);
  std::filesystem::remove(directory, ignored);  // unless other files stand there
}

void remove_output(const std::filesystem::path& directory, const OutputFiles& kind) {
  for (const std::string_view file : kind.files) remove_path(directory / file);
  for (const std::string_view folder : kind.folders)
    remove_path(directory / folder, /*with_content=*/true);
}

}  // namespace

void refuse_existing(const std::filesystem::path& directory,
                     const std::vector<OutputFiles>& kinds) {
  for (const OutputFiles& kind : kinds) {
    for (const std::string_view file : kind.files) {
      std::error_code ignored;
      if (!std::filesystem::exists(directory / file, ignored)) continue;
      throw Error(
          ErrorKind::kCheckpoint,
          fmt::format("'{}' already holds a {} ({})", directory.string(), kind.what, file),
          "choose another --output, give --resume to go on with it or --overwrite to replace it");
    }
  }
}

OutputDirectory::OutputDirectory(std::filesystem::path path, Claim claim,
                                 const std::vector<OutputFiles>& kinds)
    : path_(std::move(path)) {
  create(path_);
  lock_ = lock(path_);
  try {
    // Only now: a command may have come and gone before the lock.
    if (claim == Claim::kNew) refuse_existing(path_, kinds);
    prove_writable(path_);
    if (claim != Claim::kOverwrite) return;
    for (const OutputFiles& kind : kinds) remove_output(path_, kind);
    remove_event_files(path_ / kTensorBoardDirectory);
  } catch (const Error&) {
    ::close(lock_);
    throw;
  }
}

OutputDirectory::~OutputDirectory() { ::close(lock_); }

}  // namespace fmnist
