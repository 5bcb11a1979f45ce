#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "fmnist/core/error.h"

namespace fmnist {

/// Writes files atomically on a thread of its own, so that nobody waits for the disk. What waits is
/// written in batches: a newer version of a file replaces one that waits, but a batch that has
/// begun is written to its end, so that a file is kept now and then however fast new versions come.
class BackgroundWriter {
 public:
  /// What came of a write.
  struct Result {
    std::uint64_t number;  // of the write
    std::filesystem::path path;
    std::optional<Error> error;
  };

  /// In a batch the files of `order` come first, in that order, then all others by name.
  explicit BackgroundWriter(std::vector<std::filesystem::path> order);
  /// Writes what waits.
  ~BackgroundWriter();
  BackgroundWriter(const BackgroundWriter&) = delete;
  BackgroundWriter& operator=(const BackgroundWriter&) = delete;

  /// Lets `bytes` wait to become the file `path`; the number tells the versions apart.
  std::uint64_t write(const std::filesystem::path& path, std::string bytes);

  /// What was written, or could not be, since the last call, as it happened. A version that a newer
  /// one replaced has no result.
  std::vector<Result> results();

  /// Returns when nothing waits or is being written.
  void drain();

 private:
  struct Version {
    std::uint64_t number;
    std::string bytes;
  };
  using Batch = std::map<std::pair<std::size_t, std::filesystem::path>, Version>;  // by rank, path

  void work();
  void write_batch(const Batch& batch);

  const std::vector<std::filesystem::path> order_;
  std::mutex mutex_;  // guards all below but the thread
  std::condition_variable changed_;
  Batch waiting_;
  std::vector<Result> results_;
  std::uint64_t writes_ = 0;
  bool busy_ = false;  // with a batch
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace fmnist
