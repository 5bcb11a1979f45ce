// Preloaded into the program under test: makes `fsync` or `rename` fail, as a broken disk does, on
// files whose name holds $FMNIST_FAIL_NAME, after $FMNIST_FAIL_AFTER such calls went well.

#include <dlfcn.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

bool fails(const std::string& call, const std::string& path) {
  static std::atomic<int> calls{0};
  if (variable("FMNIST_FAIL_CALL") != call) return false;
  if (path.find(variable("FMNIST_FAIL_NAME")) == std::string::npos) return false;
  return calls.fetch_add(1) >= std::atoi(variable("FMNIST_FAIL_AFTER").c_str());
}

std::string path_of(int descriptor) {
  char path[4096];
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t length = ::readlink(link.c_str(), path, sizeof path);
  return length < 0 ? std::string() : std::string(path, static_cast<std::size_t>(length));
}

template <typename Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" int fsync(int descriptor) {
  if (fails("fsync", path_of(descriptor))) {
    errno = EIO;
    return -1;
  }
  return next<int (*)(int)>("fsync")(descriptor);
}

extern "C" int rename(const char* from, const char* to) {
  if (fails("rename", to)) {
    errno = EIO;
    return -1;
  }
  return next<int (*)(const char*, const char*)>("rename")(from, to);
}
