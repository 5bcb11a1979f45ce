#pragma once

#include <grp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <string>
#include <system_error>

#include "fmnist/core/error.h"

namespace fmnist {

/// Runs `action` in a forked child, so that it may give up rights or limit itself, and returns what
/// its `Error` says ("" when it throws none). The process must have one thread.
template <typename Action>
std::string error_in_child(Action&& action) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::system_error(errno, std::generic_category());
  const pid_t child = ::fork();
  if (child < 0) throw std::system_error(errno, std::generic_category());
  if (child == 0) {
    std::string sentence;
    try {
      action();
    } catch (const Error& error) {
      sentence = error.what();
    } catch (const std::exception& error) {
      sentence = std::string("not an Error: ") + error.what();
    }
    const ssize_t written = ::write(ends[1], sentence.data(), sentence.size());
    ::_exit(written == static_cast<ssize_t>(sentence.size()) ? 0 : 1);
  }
  ::close(ends[1]);
  std::string sentence;
  char buffer[512];
  for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
    sentence.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) sentence = "the child process died";
  return sentence;
}

/// Gives up root's rights, under which every file can be read; for use in a child process.
inline void become_unprivileged() {
  constexpr id_t kNobody = 65534;
  if (::geteuid() != 0) return;
  if (::setgroups(0, nullptr) != 0 || ::setegid(kNobody) != 0 || ::seteuid(kNobody) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot become unprivileged");
  }
}

}  // namespace fmnist
