#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

namespace fmnist {

/// What a command keeps in its output directory, by name: what --overwrite removes. Any of the
/// files, but no folder alone, makes a directory one that is taken.
struct OutputFiles {
  std::string_view what;  // they are: "run"
  std::vector<std::string_view> files;
  std::vector<std::string_view> folders;
};

/// How a directory is taken.
enum class Claim {
  kNew,        // it holds nothing of the kind yet
  kOverwrite,  // what it holds of the kind is removed
  kResume,     // what it holds, if anything, goes on
};

/// Throws `Error` (kCheckpoint) when `directory` already holds any of `kinds`.
void refuse_existing(const std::filesystem::path& directory, const std::vector<OutputFiles>& kinds);

/// A directory that belongs to this command alone until the object goes: created where it is
/// missing, locked against other programs, and ready as `claim` says. Throws `Error`: kCheckpoint
/// when it holds what may not be touched or another program has it, kRuntime when it cannot be made
/// or is not writable.
class OutputDirectory {
 public:
  OutputDirectory(std::filesystem::path path, Claim claim, const std::vector<OutputFiles>& kinds);
  ~OutputDirectory();
  OutputDirectory(const OutputDirectory&) = delete;
  OutputDirectory& operator=(const OutputDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  int lock_ = -1;  // descriptor of the directory
};

}  // namespace fmnist
