#include "fmnist/run/run_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "fmnist/core/error.h"
#include "fmnist/core/files.h"

namespace fmnist {
namespace {

constexpr std::array kFiles = {kConfigFile, kMetricsFile, kResultFile, kLogFile,
                               kModelFile,  kStateFile,   kReportFile};

std::string quoted(const std::filesystem::path& path) { return "'" + path.string() + "'"; }

void create(const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (!error && std::filesystem::is_directory(directory)) return;
  throw Error(ErrorKind::kRuntime,
              "cannot create the run directory " + quoted(directory) + ": " +
                  (error ? error.message() : "a file of that name is in the way"),
              "choose another --output, or give --no-output to write no file");
}

/// Returns a descriptor whose lock no other program can have at the same time.
int lock(const std::filesystem::path& directory) {
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) {
    throw Error(ErrorKind::kRuntime,
                "cannot open the run directory " + quoted(directory) + ": " + std::strerror(errno),
                "choose another --output");
  }
  // Some network file systems know no locks: only a lock that someone else has is an obstacle.
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    ::close(descriptor);
    throw Error(ErrorKind::kCheckpoint,
                "another program is writing to the run directory " + quoted(directory),
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
    throw Error(
        ErrorKind::kRuntime,
        "the run directory " + quoted(directory) + " is not writable (" + error.what() + ")",
        "free space or permissions there, or choose another --output");
  }
  std::error_code ignored;
  std::filesystem::remove(probe, ignored);
}

void remove_file(const std::filesystem::path& file) {
  std::error_code error;
  std::filesystem::remove(file, error);
  if (!error) return;
  throw Error(ErrorKind::kRuntime, "cannot remove " + quoted(file) + ": " + error.message(),
              "choose another --output");
}

/// TensorBoard would show the events of both runs as one.
void remove_event_files(const std::filesystem::path& directory) {
  std::error_code ignored;  // mostly, there is none
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory, ignored))
    if (entry.path().filename().string().starts_with(kEventFilePrefix))
      files.push_back(entry.path());
  for (const auto& file : files) remove_file(file);
  std::filesystem::remove(directory, ignored);  // unless other files stand there
}

void remove_files(const std::filesystem::path& directory) {
  for (const char* file : kFiles) remove_file(directory / file);
  remove_event_files(directory / kTensorBoardDirectory);
}

}  // namespace

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

void refuse_existing_run(const std::filesystem::path& directory) {
  for (const char* file : kFiles) {
    std::error_code ignored;
    if (!std::filesystem::exists(directory / file, ignored)) continue;
    throw Error(ErrorKind::kCheckpoint, quoted(directory) + " already holds a run (" + file + ")",
                "choose another --output, give --resume to go on with it or --overwrite to replace "
                "it");
  }
}

RunDirectory::RunDirectory(std::filesystem::path path, Claim claim) : path_(std::move(path)) {
  if (claim == Claim::kNew) refuse_existing_run(path_);
  create(path_);
  lock_ = lock(path_);
  try {
    // Once more: a run may have come and gone before the lock.
    if (claim == Claim::kNew) refuse_existing_run(path_);
    prove_writable(path_);
    if (claim == Claim::kOverwrite) remove_files(path_);
  } catch (const Error&) {
    ::close(lock_);
    throw;
  }
}

RunDirectory::~RunDirectory() { ::close(lock_); }

}  // namespace fmnist
