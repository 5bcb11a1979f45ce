#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "fmnist/data/split.h"

namespace fmnist {

/// Both splits with their provenance.
struct Dataset {
  Split train;
  Split test;
  std::filesystem::path directory;    // where the four files were found
  std::string sha256;                 // over the four files' uncompressed bytes, train first
  bool verified = false;              // every file is the published one, by SHA-256
  std::vector<std::string> warnings;  // sentences for the log
};

/// The directories looked into when none is given, in order: `$FMNIST_DATA_DIR` alone when it is
/// set, else `./data/FashionMNIST/raw` (torchvision's layout), `./data`, `fmnist-train` in
/// `$XDG_CACHE_HOME` (`~/.cache` when unset), and the place of Debian's package.
std::vector<std::filesystem::path> default_data_directories();

/// Finds, reads and checks the four IDX files, raw or `.gz`, in `data_dir` or else in the first of
/// `default_data_directories()` that holds any of them. Throws `Error` (kData) with a sentence that
/// names the file: missing, unreadable, corrupt, inconsistent, swapped, or plain MNIST digits.
Dataset load_dataset(const std::optional<std::filesystem::path>& data_dir);

}  // namespace fmnist
