#include "cli/program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <system_error>

#include "support/idx_writer.h"

namespace fmnist {
namespace {

using Clock = std::chrono::steady_clock;

/// Variables that would change what the program does or how it looks.
constexpr std::array kCleared = {"FMNIST_DATA_DIR",     "XDG_CACHE_HOME", "NO_COLOR",
                                 "CLICOLOR_FORCE",      "TERM",           "CI",
                                 "CUDA_VISIBLE_DEVICES"};

struct Pipe {
  int read_end = -1;
  int write_end = -1;

  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category());
    read_end = ends[0];
    write_end = ends[1];
  }
  ~Pipe() {
    close_end(read_end);
    close_end(write_end);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  static void close_end(int& end) {
    if (end >= 0) ::close(end);
    end = -1;
  }
};

/// A new terminal; returns its user's side.
int open_terminal(int columns) {
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal < 0 || ::grantpt(terminal) != 0 || ::unlockpt(terminal) != 0)
    throw std::system_error(errno, std::generic_category(), "cannot open a terminal");
  TerminalUser(terminal).resize(columns);
  return terminal;
}

/// Makes the terminal whose user's side is `terminal` that of this process.
void move_to_terminal(int terminal, bool with_output) {
  ::setsid();
  const int program_side = ::open(::ptsname(terminal), O_RDWR);
  ::dup2(program_side, STDIN_FILENO);
  ::dup2(program_side, STDERR_FILENO);
  if (with_output) ::dup2(program_side, STDOUT_FILENO);
  if (program_side > STDERR_FILENO) ::close(program_side);
}

void redirect_output(const Call& call, const Pipe& out) {
  if (call.output == Output::kClosed) {
    ::close(STDOUT_FILENO);
  } else if (call.output == Output::kFull) {
    ::dup2(::open("/dev/full", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
  } else {
    ::dup2(out.write_end, STDOUT_FILENO);
  }
}

void set_environment(const Call& call) {
  for (const char* name : kCleared) ::unsetenv(name);
  ::setenv("OMP_NUM_THREADS", "1", 1);
  ::setenv("HOME", call.directory.c_str(), 1);
  for (const auto& [name, value] : call.environment) ::setenv(name.c_str(), value.c_str(), 1);
}

/// The child's part: never returns.
[[noreturn]] void become_program(const Call& call, const Pipe& in, const Pipe& out,
                                 const Pipe& err) {
  ::dup2(in.read_end, STDIN_FILENO);
  ::dup2(err.write_end, STDERR_FILENO);
  redirect_output(call, out);
  if (call.terminal) move_to_terminal(err.read_end, call.terminal->shows_output);
  set_environment(call);
  for (const int signal : {SIGINT, SIGTERM, SIGPIPE, SIGXFSZ}) ::signal(signal, SIG_DFL);
  if (!call.directory.empty() && ::chdir(call.directory.c_str()) != 0) ::_exit(125);
  if (call.file_size_limit) {
    const rlimit limit{*call.file_size_limit, *call.file_size_limit};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
  }
  std::vector<char*> arguments = {const_cast<char*>(FMNIST_PROGRAM)};
  for (const std::string& argument : call.arguments)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  if (call.unprivileged && ::geteuid() == 0) {
    constexpr uid_t kNobody = 65534;
    if (::setresgid(kNobody, kNobody, kNobody) != 0 || ::setresuid(kNobody, kNobody, kNobody) != 0)
      ::_exit(125);
  }
  ::execv(FMNIST_PROGRAM, arguments.data());
  ::_exit(126);
}

/// Moves what has arrived into `text`; closes the pipe at its end.
void receive(int& descriptor, std::string& text) {
  char buffer[4096];
  const ssize_t got = ::read(descriptor, buffer, sizeof buffer);
  if (got > 0) {
    text.append(buffer, static_cast<std::size_t>(got));
  } else if (got == 0 || errno != EINTR) {
    Pipe::close_end(descriptor);
  }
}

/// Reads both streams to their end, sends the signal when its time has come.
void attend(const Call& call, pid_t child, Pipe& out, Pipe& err, Outcome& outcome) {
  const auto deadline = Clock::now() + call.time_limit;
  bool signalled = call.signal == 0;
  TerminalUser user(err.read_end);
  while (out.read_end >= 0 || err.read_end >= 0) {
    std::array<pollfd, 2> waiting = {{{out.read_end, POLLIN, 0}, {err.read_end, POLLIN, 0}}};
    ::poll(waiting.data(), waiting.size(), 100);
    if (waiting[0].revents != 0) receive(out.read_end, outcome.out);
    if (waiting[1].revents != 0) {
      receive(err.read_end, outcome.err);
      if (call.terminal && call.terminal->watch) call.terminal->watch(outcome.err, user);
    }
    if (!signalled && outcome.out.find(call.signal_at) != std::string::npos) {
      ::kill(child, call.signal);
      signalled = true;
    }
    if (Clock::now() > deadline && !outcome.timed_out) {
      outcome.timed_out = true;
      ::kill(child, SIGKILL);
    }
  }
}

}  // namespace

void TerminalUser::resize(int columns) {
  const winsize size{24, static_cast<unsigned short>(columns), 0, 0};
  if (::ioctl(terminal_, TIOCSWINSZ, &size) != 0)
    throw std::system_error(errno, std::generic_category(), "cannot resize the terminal");
}

void TerminalUser::type(const std::string& keys) {
  EXPECT_EQ(::write(terminal_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
}

Outcome run_program(const Call& call) {
  Pipe in;
  Pipe out;
  Pipe err;
  if (call.terminal) {
    Pipe::close_end(err.read_end);
    err.read_end = open_terminal(call.terminal->columns);
  }
  const pid_t child = ::fork();
  if (child < 0) throw std::system_error(errno, std::generic_category());
  if (child == 0) become_program(call, in, out, err);
  Pipe::close_end(in.read_end);
  Pipe::close_end(out.write_end);
  Pipe::close_end(err.write_end);
  if (call.output != Output::kCaptured) Pipe::close_end(out.read_end);
  // Inputs are a few bytes: they fit into the pipe. The program may have ended without reading.
  ::signal(SIGPIPE, SIG_IGN);
  (void)!::write(in.write_end, call.input.data(), call.input.size());
  Pipe::close_end(in.write_end);

  Outcome outcome;
  attend(call, child, out, err, outcome);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  outcome.killed = WIFSIGNALED(status);
  outcome.status = outcome.killed ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  EXPECT_FALSE(outcome.timed_out) << "the program did not end in time";
  EXPECT_NE(outcome.status, 125) << "the child could not be set up";
  return outcome;
}

std::vector<std::string> lines_of(const std::string& text) {
  EXPECT_TRUE(text.empty() || text.back() == '\n') << "no line break at the end of: " << text;
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

std::vector<nlohmann::json> events_of(const std::string& out) {
  std::vector<nlohmann::json> events;
  for (const std::string& line : lines_of(out)) {
    auto event = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    EXPECT_TRUE(event.is_object()) << "no JSON object: " << line;
    if (!event.is_object()) continue;
    EXPECT_EQ(event.value("schema", ""), "fmnist-train/1") << line;
    EXPECT_TRUE(event.contains("event")) << line;
    events.push_back(std::move(event));
  }
  return events;
}

nlohmann::json event_of(const std::string& out, std::string_view name) {
  std::vector<nlohmann::json> found;
  for (auto& event : events_of(out))
    if (event.value("event", "") == name) found.push_back(std::move(event));
  EXPECT_EQ(found.size(), 1u) << "events called " << name << " in: " << out;
  return found.empty() ? nlohmann::json::object() : found.front();
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << "cannot read " << path;
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string> names_in(const std::filesystem::path& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

void expect_error(const Outcome& outcome, int status, const std::vector<std::string>& parts) {
  EXPECT_EQ(outcome.status, status) << outcome.err;
  EXPECT_FALSE(outcome.killed);
  const auto lines = lines_of(outcome.err);
  ASSERT_EQ(lines.size(), 1u) << "expected one sentence: " << outcome.err;
  EXPECT_TRUE(lines[0].starts_with("error: ")) << lines[0];
  EXPECT_EQ(lines[0].find("c10::"), std::string::npos) << lines[0];
  EXPECT_EQ(lines[0].find("exception"), std::string::npos) << lines[0];
  for (const std::string& part : parts)
    EXPECT_NE(lines[0].find(part), std::string::npos) << "no \"" << part << "\" in: " << lines[0];
}

const std::filesystem::path& ProgramTest::dataset() {
  static const TemporaryDirectory directory;
  static const std::filesystem::path data = [] {
    auto path = directory.path() / "data";
    write_dataset(path, kTrainImages, kTestImages, /*seed=*/0);
    return path;
  }();
  return data;
}

Call ProgramTest::call(std::vector<std::string> arguments) const {
  return {std::move(arguments), {}, directory()};
}

Call ProgramTest::training(std::vector<std::string> arguments) const {
  std::vector<std::string> all = {"--data-dir", dataset(), "--threads", "1", "--epochs", "1"};
  const auto names_output = [](const std::string& argument) {
    return argument == "--output" || argument == "--config";
  };
  if (std::none_of(arguments.begin(), arguments.end(), names_output)) all.push_back("--no-output");
  all.insert(all.end(), arguments.begin(), arguments.end());
  return call(std::move(all));
}

Outcome ProgramTest::run(std::vector<std::string> arguments) const {
  return run_program(call(std::move(arguments)));
}

Outcome ProgramTest::train(std::vector<std::string> arguments) const {
  return run_program(training(std::move(arguments)));
}

}  // namespace fmnist
