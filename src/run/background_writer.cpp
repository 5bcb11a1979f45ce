#include "run/background_writer.h"

#include <algorithm>

#include "fmnist/core/files.h"
#include "fmnist/core/signals_blocked.h"

namespace fmnist {
namespace {

std::optional<Error> try_to_write(const std::filesystem::path& path, const std::string& bytes) {
  try {
    write_file_atomically(path, bytes);
    return std::nullopt;
  } catch (const Error& error) {
    return error;
  } catch (const std::exception& error) {  // no memory: an exception must not leave the thread
    return Error(ErrorKind::kRuntime, "cannot write '" + path.string() + "': " + error.what());
  }
}

}  // namespace

BackgroundWriter::BackgroundWriter(std::vector<std::filesystem::path> order)
    : order_(std::move(order)) {
  const SignalsBlocked blocked;
  thread_ = std::thread([this] { work(); });
}

BackgroundWriter::~BackgroundWriter() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

std::uint64_t BackgroundWriter::write(const std::filesystem::path& path, std::string bytes) {
  const auto rank = static_cast<std::size_t>(std::ranges::find(order_, path) - order_.begin());
  const std::lock_guard lock(mutex_);
  waiting_.insert_or_assign({rank, path}, Version{++writes_, std::move(bytes)});
  changed_.notify_all();
  return writes_;
}

std::vector<BackgroundWriter::Result> BackgroundWriter::results() {
  const std::lock_guard lock(mutex_);
  return std::exchange(results_, {});
}

void BackgroundWriter::drain() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_.empty() && !busy_; });
}

void BackgroundWriter::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return !waiting_.empty() || ending_; });
    if (waiting_.empty()) return;
    const Batch batch = std::exchange(waiting_, {});
    busy_ = true;
    lock.unlock();
    write_batch(batch);
    lock.lock();
    busy_ = false;
    changed_.notify_all();
  }
}

void BackgroundWriter::write_batch(const Batch& batch) {
  for (const auto& [place, version] : batch) {
    Result result{version.number, place.second, try_to_write(place.second, version.bytes)};
    const std::lock_guard lock(mutex_);
    results_.push_back(std::move(result));
  }
}

}  // namespace fmnist
