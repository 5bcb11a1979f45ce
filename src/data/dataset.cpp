#include "fmnist/data/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include "fmnist/core/digest.h"
#include "fmnist/core/error.h"
#include "fmnist/core/files.h"
#include "fmnist/data/gzip.h"
#include "fmnist/data/idx.h"

namespace fmnist {
namespace {

namespace fs = std::filesystem;

struct PublishedFile {
  std::string_view name;
  std::string_view sha256;  // of the uncompressed content
};

constexpr std::size_t kFileCount = 4;

/// The published set (https://github.com/zalandoresearch/fashion-mnist): training images, training
/// labels, test images, test labels.
constexpr std::array<PublishedFile, kFileCount> kPublished = {{
    {"train-images-idx3-ubyte", "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"},
    {"train-labels-idx1-ubyte", "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"},
    {"t10k-images-idx3-ubyte", "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"},
    {"t10k-labels-idx1-ubyte", "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"},
}};

/// SHA-256 over the four published files one after the other: known, so that loading them hashes
/// their 55 MB once and not twice.
constexpr std::string_view kPublishedSetSha256 =
    "14410854cf7a289477dcfc7df3f8ec24741e281cdcc425ede0d9a748ca630214";

/// How many of each digit the training labels of MNIST hold; Fashion-MNIST has 6,000 of each class.
constexpr std::array<std::size_t, kClassCount> kDigitCounts = {5923, 6742, 5958, 6131, 5842,
                                                               5421, 5918, 6265, 5851, 5949};

/// What a `.gz` may inflate to: 1.3 million images, a small part of what can hide in one.
constexpr std::size_t kInflateLimit = std::size_t{1} << 30;

constexpr std::string_view kDebianDirectory = "/usr/share/datasets/fashion-mnist";

constexpr const char* kHowToGet =
    "install the data with 'apt install dataset-fashion-mnist', or name the directory of the four "
    "IDX files with --data-dir";

[[noreturn]] void fail(const std::string& problem, const std::string& hint = kHowToGet) {
  throw Error(ErrorKind::kData, problem, hint);
}

/// "a, b and c".
std::string listed(const std::vector<std::string>& items) {
  std::string text;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) text += i + 1 == items.size() ? " and " : ", ";
    text += items[i];
  }
  return text;
}

std::optional<fs::path> environment_path(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

/// Which of the four files a directory has, raw before `.gz`.
struct Findings {
  fs::path directory;
  std::array<std::optional<fs::path>, kFileCount> paths;
  std::error_code trouble;  // why the directory cannot be looked into

  bool any() const {
    return std::any_of(paths.begin(), paths.end(), [](const auto& path) { return bool{path}; });
  }
  std::vector<std::string> missing() const {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < kFileCount; ++i) {
      if (!paths[i]) names.emplace_back(kPublished[i].name);
    }
    return names;
  }
};

Findings look_into(const fs::path& directory) {
  Findings findings{directory, {}, {}};
  for (std::size_t i = 0; i < kFileCount; ++i) {
    for (const std::string_view ending : {"", ".gz"}) {
      fs::path path = directory / kPublished[i].name;
      path += ending;
      // A dangling link counts as there: reading it says what is wrong.
      std::error_code error;
      const auto type = fs::symlink_status(path, error).type();
      if (type == fs::file_type::none) findings.trouble = error;
      if (type == fs::file_type::none || type == fs::file_type::not_found) continue;
      findings.paths[i] = path;
      break;
    }
  }
  return findings;
}

/// Looks into the one directory that `source` (an option or a variable) names.
Findings find_in(const fs::path& directory, const std::string& source) {
  const std::string place = fmt::format("the data directory '{}' ({})", directory.string(), source);
  std::error_code error;
  const auto status = fs::status(directory, error);
  if (status.type() == fs::file_type::not_found) fail(fmt::format("{} does not exist", place));
  if (status.type() != fs::file_type::none && !fs::is_directory(status)) {
    fail(fmt::format("{} is not a directory", place));
  }
  Findings findings = look_into(directory);
  if (findings.any()) return findings;
  if (findings.trouble)
    fail(fmt::format("{} cannot be looked into: {}", place, findings.trouble.message()));
  const fs::path below = directory / "FashionMNIST" / "raw";  // torchvision was given the root
  fail(fmt::format("{} holds none of the files {}, raw or .gz", place, listed(findings.missing())),
       look_into(below).any() ? fmt::format("name the directory '{}'", below.string()) : kHowToGet);
}

/// Looks into `places` for the first that holds any of the files.
Findings find_in_first_of(const std::vector<fs::path>& places) {
  std::vector<std::string> looked_into;
  for (const fs::path& directory : places) {
    Findings findings = look_into(directory);
    if (findings.any()) return findings;
    looked_into.push_back(fmt::format("'{}'", directory.string()));
    if (findings.trouble) looked_into.back() += fmt::format(" ({})", findings.trouble.message());
  }
  fail(fmt::format("Fashion-MNIST was not found: looked into {}", listed(looked_into)));
}

Findings find_files(const std::optional<fs::path>& data_dir, const std::vector<fs::path>& places) {
  const auto variable = environment_path("FMNIST_DATA_DIR");
  Findings findings = data_dir   ? find_in(*data_dir, "--data-dir")
                      : variable ? find_in(*variable, "$FMNIST_DATA_DIR")
                                 : find_in_first_of(places);
  const auto missing = findings.missing();
  if (!missing.empty()) {
    fail(fmt::format("the data directory '{}' lacks {}, raw or .gz", findings.directory.string(),
                     listed(missing)));
  }
  return findings;
}

struct File {
  fs::path path;
  std::string content;  // uncompressed
  std::string sha256;
};

File load_file(const fs::path& path) {
  File file{path, read_file(path, ErrorKind::kData), {}};
  if (path.extension() == ".gz") file.content = gunzip(file.content, path.string(), kInflateLimit);
  file.sha256 = sha256_hex(std::as_bytes(std::span(file.content)));
  return file;
}

/// Finds a published file that stands under another one's name.
void check_not_swapped(const std::vector<File>& files) {
  for (std::size_t i = 0; i < kFileCount; ++i) {
    for (const PublishedFile& other : kPublished) {
      if (&other == &kPublished[i] || files[i].sha256 != other.sha256) continue;
      fail(fmt::format("'{}' holds what is published as {}: the files are swapped",
                       files[i].path.string(), other.name),
           "give each of the four files its own name back");
    }
  }
}

std::vector<std::uint8_t> parse_images(const File& file) {
  IdxArray array = parse_idx(file.content, file.path.string());
  const std::string name = file.path.string();
  if (array.dims.size() == 1) {
    fail(fmt::format("'{}' holds labels, expected images: the two files are swapped", name),
         "give each of the four files its own name back");
  }
  if (array.dims.size() != 3) {
    fail(fmt::format("'{}' has {} dimensions, expected 3: images x 28 x 28", name,
                     array.dims.size()));
  }
  if (array.dims[1] != kImageSide || array.dims[2] != kImageSide) {
    fail(fmt::format("'{}' holds images of {} x {} pixels, expected 28 x 28", name, array.dims[1],
                     array.dims[2]));
  }
  if (array.dims[0] == 0) fail(fmt::format("'{}' holds no images", name));
  return std::move(array.values);
}

std::vector<std::uint8_t> parse_labels(const File& file) {
  IdxArray array = parse_idx(file.content, file.path.string());
  const std::string name = file.path.string();
  if (array.dims.size() == 3) {
    fail(fmt::format("'{}' holds images, expected labels: the two files are swapped", name),
         "give each of the four files its own name back");
  }
  if (array.dims.size() != 1) {
    fail(fmt::format("'{}' has {} dimensions, expected 1: labels", name, array.dims.size()));
  }
  if (array.values.empty()) fail(fmt::format("'{}' holds no labels", name));
  const auto bad = std::find_if(array.values.begin(), array.values.end(),
                                [](std::uint8_t label) { return label >= kClassCount; });
  if (bad != array.values.end()) {
    fail(fmt::format("'{}' holds the label {} for image {} (from 0), expected 0 to 9", name, *bad,
                     bad - array.values.begin()));
  }
  return std::move(array.values);
}

Split parse_split(const File& images, const File& labels) {
  Split split{parse_images(images), parse_labels(labels)};
  const std::size_t image_count = split.images.size() / kImagePixels;
  if (image_count != split.labels.size()) {
    fail(fmt::format("'{}' holds {} images, but '{}' holds {} labels", images.path.string(),
                     image_count, labels.path.string(), split.labels.size()));
  }
  return split;
}

void check_not_digits(const Split& train, const fs::path& path) {
  std::array<std::size_t, kClassCount> counts{};
  for (const std::uint8_t label : train.labels) ++counts[label];
  if (counts != kDigitCounts) return;
  fail(fmt::format("'{}' holds the handwritten digits of MNIST, not Fashion-MNIST", path.string()),
       fmt::format(
           "install Fashion-MNIST with 'apt install dataset-fashion-mnist' and give --data-dir {}",
           kDebianDirectory));
}

/// Names of the files that are not the published ones.
std::vector<std::string> unpublished(const std::vector<File>& files) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kFileCount; ++i) {
    if (files[i].sha256 != kPublished[i].sha256) names.push_back(files[i].path.filename().string());
  }
  return names;
}

std::string set_sha256(const std::vector<File>& files) {
  std::vector<std::span<const std::byte>> contents;
  for (const File& file : files) contents.push_back(std::as_bytes(std::span(file.content)));
  return sha256_hex_of(contents);
}

}  // namespace

std::vector<fs::path> default_data_directories() {
  std::vector<fs::path> directories = {"./data/FashionMNIST/raw", "./data"};
  if (const auto cache = environment_path("XDG_CACHE_HOME")) {
    directories.push_back(*cache / "fmnist-train");
  } else if (const auto home = environment_path("HOME")) {
    directories.push_back(*home / ".cache" / "fmnist-train");
  }
  directories.emplace_back(kDebianDirectory);
  return directories;
}

Dataset load_dataset(const std::optional<fs::path>& data_dir, const std::vector<fs::path>& places) {
  const Findings findings = find_files(data_dir, places);
  std::vector<File> files;
  for (const auto& path : findings.paths) files.push_back(load_file(*path));
  check_not_swapped(files);

  Dataset dataset;
  dataset.train = parse_split(files[0], files[1]);
  dataset.test = parse_split(files[2], files[3]);
  check_not_digits(dataset.train, files[1].path);
  dataset.info.directory = findings.directory;

  const auto differing = unpublished(files);
  dataset.info.verified = differing.empty();
  dataset.info.sha256 = dataset.info.verified ? kPublishedSetSha256 : set_sha256(files);
  if (!dataset.info.verified) {
    dataset.warnings.push_back(
        fmt::format("the data in '{}' is not the published Fashion-MNIST ({}): results on it "
                    "cannot be compared with published ones",
                    findings.directory.string(), listed(differing)));
  }
  return dataset;
}

}  // namespace fmnist
