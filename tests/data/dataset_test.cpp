#include "fmnist/data/dataset.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>
#include <string>

#include "fmnist/core/digest.h"
#include "fmnist/core/files.h"
#include "support/child_process.h"
#include "support/errors.h"
#include "support/idx_writer.h"
#include "support/temporary_directory.h"

namespace fmnist {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 4> kNames = {kTrainImages, kTrainLabels, kTestImages,
                                                    kTestLabels};
const fs::path kDebianPackage = "/usr/share/datasets/fashion-mnist";

std::string content(const fs::path& path) { return read_file(path, ErrorKind::kRuntime); }

fs::path gz(fs::path path) { return path += ".gz"; }

void compress(const fs::path& path) {
  write_bytes(gz(path), gzip(content(path)));
  fs::remove(path);
}

std::string load_error(const std::optional<fs::path>& directory) {
  return error_of(ErrorKind::kData, [&] { load_dataset(directory); });
}

std::string hint_for(const std::optional<fs::path>& directory) {
  try {
    load_dataset(directory);
  } catch (const Error& error) {
    return error.hint();
  }
  return "no error";
}

/// A small well-formed data set in a directory of its own, to be spoilt by a test.
class DatasetTest : public testing::Test {
 protected:
  DatasetTest() { write_dataset(directory(), 30, 20, 1); }

  fs::path directory() const { return temporary_.path() / "set"; }
  fs::path file(std::string_view name) const { return directory() / name; }
  std::string load_error() const { return fmnist::load_error(directory()); }

  TemporaryDirectory temporary_;
};

TEST_F(DatasetTest, LoadsBothSplitsAsTheyStandInTheFiles) {
  const Dataset dataset = load_dataset(directory());
  const Split train = learnable_split(30, 2);
  const Split test = learnable_split(20, 3);
  EXPECT_EQ(dataset.train.images, train.images);
  EXPECT_EQ(dataset.train.labels, train.labels);
  EXPECT_EQ(dataset.test.images, test.images);
  EXPECT_EQ(dataset.test.labels, test.labels);
  EXPECT_EQ(dataset.info.directory, directory());
}

TEST_F(DatasetTest, OtherDataLoadsUnverifiedWithAWarning) {
  const Dataset dataset = load_dataset(directory());
  EXPECT_FALSE(dataset.info.verified);
  ASSERT_EQ(dataset.warnings.size(), 1U);
  expect_parts(dataset.warnings[0], {directory().string(), "not the published Fashion-MNIST"});
}

TEST_F(DatasetTest, DigestIsOverTheUncompressedFilesInOrder) {
  std::string all;
  for (const std::string_view name : kNames) all += content(file(name));
  const std::string expected = sha256_hex(std::as_bytes(std::span(all)));
  EXPECT_EQ(load_dataset(directory()).info.sha256, expected);
  for (const std::string_view name : kNames) compress(file(name));
  EXPECT_EQ(load_dataset(directory()).info.sha256, expected);
}

TEST_F(DatasetTest, RawAndCompressedFilesMix) {
  const Dataset raw = load_dataset(directory());
  compress(file(kTrainImages));
  compress(file(kTestLabels));
  const Dataset mixed = load_dataset(directory());
  EXPECT_EQ(mixed.train.images, raw.train.images);
  EXPECT_EQ(mixed.test.labels, raw.test.labels);
}

TEST_F(DatasetTest, TheRawFileIsTakenWhereBothAreThere) {
  write_bytes(gz(file(kTrainImages)), "not gzip");
  EXPECT_EQ(load_dataset(directory()).train.size(), 30U);
}

// One image and label each, so that every length of all files can be tried.
TEST_F(DatasetTest, AFileCutAtAnyLengthIsAnErrorThatNamesIt) {
  write_dataset(directory(), 1, 1, 1);
  for (const std::string_view name : kNames) {
    for (const bool compressed : {false, true}) {
      const std::string raw = content(file(name));
      const std::string whole = compressed ? gzip(raw) : raw;
      const fs::path path = compressed ? gz(file(name)) : file(name);
      if (compressed) fs::remove(file(name));
      for (std::size_t length = 0; length < whole.size(); ++length) {
        SCOPED_TRACE(length);
        write_bytes(path, std::string_view(whole).substr(0, length));
        expect_parts(load_error(), {"'" + path.string() + "'"});
      }
      write_bytes(path, whole);
      EXPECT_EQ(load_dataset(directory()).train.size(), 1U);
      write_bytes(file(name), raw);
    }
  }
}

TEST_F(DatasetTest, APaddedFileIsAnErrorThatNamesIt) {
  for (const std::string_view name : kNames) {
    const std::string whole = content(file(name));
    write_bytes(file(name), whole + '\0');
    expect_parts(load_error(), {file(name).string(), "too long"});
    fs::remove(file(name));
    write_bytes(gz(file(name)), gzip(whole) + '\0');
    expect_parts(load_error(), {gz(file(name)).string(), "too long"});
    write_bytes(file(name), whole);
  }
}

TEST_F(DatasetTest, AFlippedByteInACompressedFileIsAnErrorThatNamesIt) {
  compress(file(kTrainLabels));
  const fs::path path = gz(file(kTrainLabels));
  const std::string whole = content(path);
  for (std::size_t place = 10; place < whole.size(); ++place) {
    std::string bytes = whole;
    bytes[place] = static_cast<char>(~bytes[place]);
    write_bytes(path, bytes);
    SCOPED_TRACE(place);
    expect_parts(load_error(), {"'" + path.string() + "'", "cut short or corrupt"});
  }
}

TEST_F(DatasetTest, LabelTenIsAnErrorThatSaysWhere) {
  for (const std::string_view name : {kTrainLabels, kTestLabels}) {
    std::string bytes = content(file(name));
    bytes[8 + 13] = 10;
    write_bytes(file(name), bytes);
    expect_parts(load_error(), {file(name).string(), "label 10", "image 13", "0 to 9"});
    write_dataset(directory(), 30, 20, 1);
  }
}

TEST_F(DatasetTest, SwappedImagesAndLabelsAreAnErrorThatSaysSo) {
  fs::rename(file(kTestImages), file("aside"));
  fs::rename(file(kTestLabels), file(kTestImages));
  fs::rename(file("aside"), file(kTestLabels));
  expect_parts(load_error(), {file(kTestImages).string(), "labels", "swapped"});
  write_dataset(directory(), 30, 20, 1);
  fs::copy_file(file(kTrainImages), file(kTrainLabels), fs::copy_options::overwrite_existing);
  expect_parts(load_error(), {file(kTrainLabels).string(), "images", "swapped"});
}

TEST_F(DatasetTest, ImagesAndLabelsMustAgreeInNumber) {
  write_split(directory(), kTestImages, "unused", learnable_split(19, 1));
  expect_parts(load_error(),
               {file(kTestImages).string(), "19 images", file(kTestLabels).string(), "20 labels"});
}

TEST_F(DatasetTest, ImagesMustBe28Squared) {
  write_idx(file(kTrainImages), {30, 27, 28}, std::vector<std::uint8_t>(30 * 27 * 28));
  expect_parts(load_error(), {file(kTrainImages).string(), "27 x 28", "28 x 28"});
  write_idx(file(kTrainImages), {30, 28, 32}, std::vector<std::uint8_t>(30 * 28 * 32));
  expect_parts(load_error(), {file(kTrainImages).string(), "28 x 32"});
  write_idx(file(kTrainImages), {30, 784}, std::vector<std::uint8_t>(30 * 784));
  expect_parts(load_error(), {file(kTrainImages).string(), "2 dimensions", "expected 3"});
}

TEST_F(DatasetTest, LabelsMustHaveOneDimension) {
  write_idx(file(kTrainLabels), {30, 1}, std::vector<std::uint8_t>(30));
  expect_parts(load_error(), {file(kTrainLabels).string(), "2 dimensions", "expected 1"});
}

TEST_F(DatasetTest, SplitsMustNotBeEmpty) {
  write_idx(file(kTestImages), {0, 28, 28}, {});
  expect_parts(load_error(), {file(kTestImages).string(), "no images"});
  write_dataset(directory(), 30, 20, 1);
  write_idx(file(kTestLabels), {0}, {});
  expect_parts(load_error(), {file(kTestLabels).string(), "no labels"});
}

TEST_F(DatasetTest, WhatIsNotAFileIsAnErrorThatNamesIt) {
  for (const std::string_view name : kNames) {
    fs::remove(file(name));
    fs::create_directory(file(name));
    expect_parts(load_error(), {file(name).string(), "directory"});
    fs::remove(file(name));
    ASSERT_EQ(::mkfifo(file(name).c_str(), 0600), 0);
    expect_parts(load_error(), {file(name).string(), "not a regular file"});
    fs::remove(file(name));
    fs::create_symlink("nowhere", file(name));
    expect_parts(load_error(), {file(name).string(), "No such file"});
    fs::remove(file(name));
    write_dataset(directory(), 30, 20, 1);
  }
}

TEST_F(DatasetTest, AFileWithoutReadPermissionIsAnErrorThatNamesIt) {
  fs::permissions(temporary_.path(), fs::perms::owner_all | fs::perms::others_exec);
  fs::permissions(directory(), fs::perms::owner_all | fs::perms::others_exec);
  constexpr fs::perms kReadable = fs::perms::owner_read | fs::perms::others_read;
  for (const std::string_view name : kNames) fs::permissions(file(name), kReadable);
  fs::permissions(file(kTestLabels), fs::perms::none);
  expect_parts(error_in_child([&] {
                 become_unprivileged();
                 load_dataset(directory());
               }),
               {file(kTestLabels).string(), "Permission denied"});
}

TEST_F(DatasetTest, ADirectoryThatCannotBeLookedIntoSaysSo) {
  fs::permissions(temporary_.path(), fs::perms::owner_all | fs::perms::others_exec);
  fs::permissions(directory(), fs::perms::none);
  expect_parts(error_in_child([&] {
                 become_unprivileged();
                 load_dataset(directory());
               }),
               {directory().string(), "--data-dir", "Permission denied"});
  fs::permissions(directory(), fs::perms::owner_all);
}

TEST_F(DatasetTest, AnIncompleteSetNamesWhatIsMissing) {
  fs::remove(file(kTestImages));
  const std::string one = load_error();
  expect_parts(one, {directory().string(), "lacks t10k-images-idx3-ubyte,"});
  EXPECT_EQ(one.find("train"), std::string::npos) << one;
  fs::remove(file(kTrainLabels));
  expect_parts(load_error(), {"lacks train-labels-idx1-ubyte and t10k-images-idx3-ubyte,"});
}

TEST_F(DatasetTest, TheDigitsOfMnistAreAnErrorThatSaysSo) {
  constexpr std::array<std::size_t, 10> kCounts = {5923, 6742, 5958, 6131, 5842,
                                                   5421, 5918, 6265, 5851, 5949};
  std::vector<std::uint8_t> labels;
  for (std::size_t label = 0; label < kCounts.size(); ++label) {
    labels.insert(labels.end(), kCounts[label], static_cast<std::uint8_t>(label));
  }
  ASSERT_EQ(labels.size(), 60000U);
  write_idx(file(kTrainImages), {60000, 28, 28}, std::vector<std::uint8_t>(60000 * kImagePixels));
  write_idx(file(kTrainLabels), {60000}, labels);
  expect_parts(load_error(), {file(kTrainLabels).string(), "digits of MNIST, not Fashion-MNIST"});
  expect_parts(hint_for(directory()), {"apt install dataset-fashion-mnist", "--data-dir"});

  labels.front() = 1;  // other counts: some other data set
  write_idx(file(kTrainLabels), {60000}, labels);
  EXPECT_FALSE(load_dataset(directory()).info.verified);
}

/// Places to find data in, away from those of the machine.
class FindingTest : public testing::Test {
 protected:
  FindingTest() : before_(fs::current_path()) {
    fs::create_directory(temporary_.path() / "work");
    fs::current_path(temporary_.path() / "work");
    ::unsetenv("FMNIST_DATA_DIR");
    ::setenv("XDG_CACHE_HOME", (temporary_.path() / "cache").c_str(), 1);
  }
  ~FindingTest() override {
    fs::current_path(before_);
    ::unsetenv("FMNIST_DATA_DIR");
    ::unsetenv("XDG_CACHE_HOME");
  }

  fs::path cache() const { return temporary_.path() / "cache" / "fmnist-train"; }

  TemporaryDirectory temporary_;
  fs::path before_;
};

TEST_F(FindingTest, LooksIntoTheDirectoriesOfTheContractInOrder) {
  EXPECT_EQ(default_data_directories(),
            (std::vector<fs::path>{"./data/FashionMNIST/raw", "./data", cache(), kDebianPackage}));
}

TEST_F(FindingTest, TheCacheIsInTheHomeDirectoryWithoutXdgCacheHome) {
  ::setenv("XDG_CACHE_HOME", "", 1);
  const char* const home = std::getenv("HOME");
  const std::string saved = home == nullptr ? "" : home;
  ::setenv("HOME", "/home/someone", 1);
  EXPECT_EQ(default_data_directories().at(2), "/home/someone/.cache/fmnist-train");
  ::setenv("HOME", saved.c_str(), 1);
}

TEST_F(FindingTest, TheFirstDirectoryWithDataWins) {
  write_dataset(cache(), 3, 2, 1);
  EXPECT_EQ(load_dataset(std::nullopt).train.size(), 3U);
  write_dataset("data", 4, 2, 1);
  EXPECT_EQ(load_dataset(std::nullopt).train.size(), 4U);
  write_dataset("data/FashionMNIST/raw", 5, 2, 1);
  EXPECT_EQ(load_dataset(std::nullopt).train.size(), 5U);
  write_dataset("other", 6, 2, 1);
  ::setenv("FMNIST_DATA_DIR", "other", 1);
  EXPECT_EQ(load_dataset(std::nullopt).train.size(), 6U);
  write_dataset("named", 7, 2, 1);
  EXPECT_EQ(load_dataset("named").train.size(), 7U);
}

TEST_F(FindingTest, AnIncompleteDirectoryIsNotPassedOver) {
  write_dataset("data", 4, 2, 1);
  fs::create_directories("data/FashionMNIST/raw");
  fs::copy_file(fs::path("data") / kTestLabels, fs::path("data/FashionMNIST/raw") / kTestLabels);
  expect_parts(load_error(std::nullopt), {"./data/FashionMNIST/raw", "lacks", "t10k-images"});
}

TEST_F(FindingTest, ADirectoryAskedForIsTheOnlyOneLookedInto) {
  write_dataset("data", 4, 2, 1);
  expect_parts(load_error("missing"), {"'missing'", "--data-dir", "does not exist"});
  fs::create_directory("empty");
  expect_parts(load_error("empty"), {"'empty'", "--data-dir", "none of the files"});
  write_bytes("file", "text");
  expect_parts(load_error("file"), {"'file'", "--data-dir", "is not a directory"});
  expect_parts(load_error(""), {"''", "--data-dir", "does not exist"});
}

TEST_F(FindingTest, TheVariableIsAskedForAsWell) {
  write_dataset("data", 4, 2, 1);
  ::setenv("FMNIST_DATA_DIR", "missing", 1);
  expect_parts(load_error(std::nullopt), {"'missing'", "$FMNIST_DATA_DIR", "does not exist"});
  fs::create_directory("empty");
  ::setenv("FMNIST_DATA_DIR", "empty", 1);
  expect_parts(load_error(std::nullopt), {"'empty'", "$FMNIST_DATA_DIR", "none of the files"});
  EXPECT_EQ(load_dataset("data").train.size(), 4U);
  ::setenv("FMNIST_DATA_DIR", "", 1);
  EXPECT_EQ(load_dataset(std::nullopt).train.size(), 4U);
}

TEST_F(FindingTest, TorchvisionsRootLeadsToItsRawDirectory) {
  write_dataset("root/FashionMNIST/raw", 4, 2, 1);
  expect_parts(load_error("root"), {"'root'", "none of the files"});
  expect_parts(hint_for("root"), {"root/FashionMNIST/raw"});
}

TEST_F(FindingTest, NoDataAnywhereListsWhereItLooked) {
  write_bytes("file", "text");
  const std::vector<fs::path> places = {"./data", cache(), "file"};
  const auto load = [&] { load_dataset(std::nullopt, places); };
  expect_parts(error_of(ErrorKind::kData, load),
               {"Fashion-MNIST was not found", "'./data', '" + cache().string() + "' and 'file'"});
  try {
    load();
  } catch (const Error& error) {
    expect_parts(error.hint(), {"apt install dataset-fashion-mnist", "--data-dir"});
  }
}

TEST_F(FindingTest, ADefaultDirectoryThatCannotBeLookedIntoIsPassedOver) {
  fs::permissions(temporary_.path(), fs::perms::owner_all | fs::perms::others_exec);
  const fs::path locked = temporary_.path() / "locked";
  fs::create_directory(locked);
  fs::permissions(locked, fs::perms::none);
  expect_parts(error_in_child([&] {
                 become_unprivileged();
                 load_dataset(std::nullopt, {locked, "nowhere"});
               }),
               {"'" + locked.string() + "' (Permission denied) and 'nowhere'"});
  fs::permissions(locked, fs::perms::owner_all);
}

/// The real data set, from Debian's package.
class PublishedDataTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(kDebianPackage)) GTEST_SKIP() << "needs the package dataset-fashion-mnist";
    for (const std::string_view name : kNames) link(name, name);
  }
  void link(std::string_view name, std::string_view published) {
    const fs::path path = gz(temporary_.path() / name);
    fs::remove(path);
    fs::create_symlink(gz(kDebianPackage / published), path);
  }

  TemporaryDirectory temporary_;
};

TEST_F(PublishedDataTest, IsVerified) {
  const Dataset dataset = load_dataset(temporary_.path());
  EXPECT_TRUE(dataset.info.verified);
  EXPECT_TRUE(dataset.warnings.empty());
  EXPECT_EQ(dataset.train.size(), 60000U);
  EXPECT_EQ(dataset.test.size(), 10000U);
  for (int label = 0; label < 10; ++label) {
    EXPECT_EQ(std::ranges::count(dataset.train.labels, label), 6000) << label;
  }

  // The digest of the set is a constant in the program: it must be the one over the splits.
  const auto count = [](const Split& split) { return static_cast<std::uint32_t>(split.size()); };
  std::string files;
  for (const Split& split : {dataset.train, dataset.test}) {
    files += idx_bytes({count(split), 28, 28}, split.images);
    files += idx_bytes({count(split)}, split.labels);
  }
  EXPECT_EQ(dataset.info.sha256, sha256_hex(std::as_bytes(std::span(files))));
}

TEST_F(PublishedDataTest, OneOtherFileMakesTheWholeSetUnverified) {
  const Split test = learnable_split(10000, 1);
  write_idx(temporary_.path() / kTestLabels, {10000}, test.labels);
  const Dataset dataset = load_dataset(temporary_.path());
  EXPECT_FALSE(dataset.info.verified);
  ASSERT_EQ(dataset.warnings.size(), 1U);
  expect_parts(dataset.warnings[0], {"(t10k-labels-idx1-ubyte)"});
}

TEST_F(PublishedDataTest, SwappedTrainingAndTestFilesAreAnErrorThatSaysSo) {
  link(kTrainImages, kTestImages);
  link(kTrainLabels, kTestLabels);
  link(kTestImages, kTrainImages);
  link(kTestLabels, kTrainLabels);
  expect_parts(load_error(temporary_.path()),
               {"train-images-idx3-ubyte.gz'", "published as t10k-images-idx3-ubyte", "swapped"});
}

}  // namespace
}  // namespace fmnist
