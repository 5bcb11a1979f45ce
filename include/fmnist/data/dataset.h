#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "fmnist/data/split.h"

namespace fmnist {

/// Which data.
struct DataInfo {
  std::filesystem::path directory;  // where the four files were found
  std::string sha256;               // over the four files' uncompressed bytes, train first
  bool verified = false;            // every file is the published one, by SHA-256

  bool operator==(const DataInfo&) const = default;
};

/// Both splits with their provenance.
struct Dataset {
  Split train;
  Split test;
  DataInfo info;
  std::vector<std::string> warnings;  // sentences for the log
};

/// The directories looked into when none is given, in order: `./data/FashionMNIST/raw`
/// (torchvision's layout), `./data`, `fmnist-train` in `$XDG_CACHE_HOME` (`~/.cache` when unset),
/// and the place of Debian's package.
std::vector<std::filesystem::path> default_data_directories();

/// Finds, reads and checks the four IDX files, raw or `.gz`: in `data_dir`, else in
/// `$FMNIST_DATA_DIR`, else in the first of `places` that holds any of them; a directory that was
/// named is the only one looked into. Throws `Error` (kData) with a sentence that names the file:
/// missing, unreadable, corrupt, inconsistent, swapped, or plain MNIST digits.
Dataset load_dataset(const std::optional<std::filesystem::path>& data_dir,
                     const std::vector<std::filesystem::path>& places = default_data_directories());

}  // namespace fmnist
