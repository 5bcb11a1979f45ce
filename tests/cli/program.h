#pragma once

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/temporary_directory.h"

namespace fmnist {

/// Where the program's standard output goes.
enum class Output {
  kCaptured,
  kClosedPipe,  // a pipe that nobody reads any more
  kClosed,      // no open descriptor at all, as after `>&-` in a shell
  kFull,        // /dev/full: every write finds the disk full
};

/// What a test does at the terminal of a running program.
class TerminalUser {
 public:
  explicit TerminalUser(int terminal) : terminal_(terminal) {}

  void resize(int columns);
  void type(const std::string& keys);

 private:
  int terminal_;
};

/// A terminal for the program's standard input and error; what it gets is the outcome's `err`.
struct Terminal {
  int columns = 80;
  bool shows_output = false;  // standard output, too
  /// Called with all that the terminal has got whenever more comes.
  std::function<void(const std::string& seen, TerminalUser&)> watch = {};
};

/// How to run the program once.
struct Call {
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;  // beside an otherwise neutral one
  std::filesystem::path directory;                 // to run in
  std::string input = {};
  Output output = Output::kCaptured;
  std::optional<Terminal> terminal = {};       // takes no `input`
  std::optional<rlim_t> file_size_limit = {};  // bytes
  bool unprivileged = false;                   // gives up root's rights, if it has them
  int signal = 0;                              // sent once standard output holds `signal_at`
  std::string signal_at = {};
  std::chrono::seconds time_limit{120};
};

/// What came of it.
struct Outcome {
  int status = -1;  // exit status; 128 plus the signal when a signal ended it
  bool killed = false;
  bool timed_out = false;
  std::string out;
  std::string err;
};

/// Runs the program under test as a child process and waits for its end.
Outcome run_program(const Call& call);

/// The lines of `text`, which must end with a line break when it is not empty.
std::vector<std::string> lines_of(const std::string& text);

/// The events in `out`: every line must be a JSON object with schema and event.
std::vector<nlohmann::json> events_of(const std::string& out);

/// The one event called `name`; a test failure when there is none or more than one.
nlohmann::json event_of(const std::string& out, std::string_view name);

/// The file's bytes; a test failure when it cannot be read.
std::string content_of(const std::filesystem::path& path);

/// Names of all that is in `directory`, sorted, hidden files too.
std::vector<std::string> names_in(const std::filesystem::path& directory);

/// Expects the exit status, and one error sentence on standard error that holds each of `parts`.
void expect_error(const Outcome& outcome, int status, const std::vector<std::string>& parts);

/// A test of the program from outside: an empty directory to run in, and a small data set.
class ProgramTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kTrainImages = 200;
  static constexpr std::size_t kTestImages = 100;

  const std::filesystem::path& directory() const { return directory_.path(); }

  /// The small data set, one for all tests of the process; not to be changed.
  static const std::filesystem::path& dataset();

  /// A call with exactly these arguments.
  Call call(std::vector<std::string> arguments) const;

  /// A short training run on the small data set: one epoch, one thread, no files unless `arguments`
  /// name an `--output`.
  Call training(std::vector<std::string> arguments) const;

  Outcome run(std::vector<std::string> arguments) const;    // `call`, run
  Outcome train(std::vector<std::string> arguments) const;  // `training`, run

 private:
  TemporaryDirectory directory_;
};

}  // namespace fmnist
