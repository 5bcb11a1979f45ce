#include "fmnist/core/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace fmnist {
namespace {

[[noreturn]] void fail_to_write(const std::filesystem::path& path, int error) {
  throw Error(ErrorKind::kRuntime,
              fmt::format("cannot write '{}': {}", path.string(), std::strerror(error)),
              "free space or permissions there, or choose another place with --output");
}

/// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int number() const { return number_; }
  /// Closes now; false (with errno) when the system reports a late write error.
  bool close() {
    const int number = number_;
    number_ = -1;
    return ::close(number) == 0;
  }

 private:
  int number_;
};

bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::filesystem::path directory_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

/// Makes the rename durable; a file system that cannot sync directories is not an error.
void sync_directory(const std::filesystem::path& directory) {
  const Descriptor descriptor(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor.number() >= 0) ::fsync(descriptor.number());
}

}  // namespace

void write_file_atomically(const std::filesystem::path& path, std::string_view bytes) {
  // One fixed name: what a killed run left there is overwritten by the next write, not collected.
  const auto temporary = directory_of(path) / fmt::format(".{}.tmp", path.filename().string());
  Descriptor descriptor(
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (descriptor.number() < 0 || !write_all(descriptor.number(), bytes) ||
      ::fsync(descriptor.number()) != 0 || !descriptor.close() ||
      ::rename(temporary.c_str(), path.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    fail_to_write(path, error);
  }
  sync_directory(directory_of(path));
}

void append_line(const std::filesystem::path& path, std::string_view line) {
  Descriptor descriptor(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (descriptor.number() < 0 || !write_all(descriptor.number(), fmt::format("{}\n", line)) ||
      ::fsync(descriptor.number()) != 0 || !descriptor.close()) {
    fail_to_write(path, errno);
  }
}

std::string read_file(const std::filesystem::path& path, ErrorKind kind) {
  const auto fail = [&](const char* reason) {
    throw Error(kind, fmt::format("cannot read '{}': {}", path.string(), reason));
  };
  // O_NONBLOCK: opening a FIFO must not wait for a writer.
  const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (descriptor.number() < 0) fail(std::strerror(errno));
  struct stat status {};
  if (::fstat(descriptor.number(), &status) != 0) fail(std::strerror(errno));
  if (S_ISDIR(status.st_mode)) fail("it is a directory, expected a file");
  if (!S_ISREG(status.st_mode)) fail("it is not a regular file");
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got = ::read(descriptor.number(), bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(std::strerror(errno));
    if (got == 0) break;  // it became shorter while being read: the parsers say what is missing
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

}  // namespace fmnist
