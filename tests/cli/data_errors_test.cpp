#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>

#include "cli/program.h"
#include "support/idx_writer.h"

namespace fmnist {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 4> kNames = {
    "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte"};

class DataErrorsTest : public ProgramTest {
 protected:
  fs::path data() const { return directory() / "data"; }

  void SetUp() override { write_dataset(data(), 30, 20, /*seed=*/1); }

  Call reading() const {
    return call({"--data-dir", "data", "--output", "run", "--threads", "1", "--epochs", "0"});
  }

  /// Expects status 3, one sentence with these parts, nothing on standard output and no file left.
  void expect_data_error(const std::vector<std::string>& parts) const {
    const Outcome outcome = run_program(reading());
    expect_error(outcome, 3, parts);
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(names_in(directory()), (std::vector<std::string>{"data"}));
  }
};

TEST_F(DataErrorsTest, TheDataSetOfTheseTestsIsFine) {
  EXPECT_EQ(run_program(reading()).status, 0);
}

TEST_F(DataErrorsTest, AMissingDirectory) {
  fs::remove_all(data());
  const Outcome outcome = run_program(reading());
  expect_error(outcome, 3, {"'data'", "--data-dir", "does not exist"});
  EXPECT_TRUE(names_in(directory()).empty());
}

TEST_F(DataErrorsTest, ADirectoryFromTheEnvironmentIsNamedWithItsVariable) {
  Call missing = call({"--no-output"});
  missing.environment["FMNIST_DATA_DIR"] = "elsewhere";
  expect_error(run_program(missing), 3, {"'elsewhere'", "FMNIST_DATA_DIR"});
}

TEST_F(DataErrorsTest, EachMissingFile) {
  for (const std::string_view name : kNames) {
    const std::string content = content_of(data() / name);
    fs::remove(data() / name);
    expect_data_error({std::string(name), "'data'"});
    write_bytes(data() / name, content);
  }
}

TEST_F(DataErrorsTest, EachCutEmptyOrPaddedFile) {
  for (const std::string_view name : kNames) {
    SCOPED_TRACE(name);
    const std::string content = content_of(data() / name);
    for (const std::size_t length : {std::size_t{0}, std::size_t{7}, content.size() - 1}) {
      write_bytes(data() / name, content.substr(0, length));
      expect_data_error({std::string(name)});
    }
    write_bytes(data() / name, content + "x");
    expect_data_error({std::string(name)});
    write_bytes(data() / name, content);
  }
}

TEST_F(DataErrorsTest, ACutOrSpoiltGzipFile) {
  const fs::path raw = data() / kNames[0];
  const std::string packed = gzip(content_of(raw));
  fs::remove(raw);
  const fs::path path = raw.string() + ".gz";
  write_bytes(path, packed);
  EXPECT_EQ(run_program(reading()).status, 0);
  fs::remove_all(directory() / "run");
  for (const std::size_t length :
       {std::size_t{0}, std::size_t{9}, packed.size() / 2, packed.size() - 1}) {
    write_bytes(path, packed.substr(0, length));
    expect_data_error({"train-images-idx3-ubyte.gz"});
  }
  std::string flipped = packed;
  flipped[packed.size() - 6] ^= 1;  // in the checksum
  write_bytes(path, flipped);
  expect_data_error({"train-images-idx3-ubyte.gz"});
}

TEST_F(DataErrorsTest, SwappedImagesAndLabels) {
  fs::rename(data() / kNames[0], data() / "aside");
  fs::rename(data() / kNames[1], data() / kNames[0]);
  fs::rename(data() / "aside", data() / kNames[1]);
  expect_data_error({"train-images-idx3-ubyte", "swapped"});
}

TEST_F(DataErrorsTest, LabelsOfTheOtherSplit) {
  fs::copy_file(data() / kNames[3], data() / kNames[1], fs::copy_options::overwrite_existing);
  expect_data_error(
      {"train-images-idx3-ubyte", "30 images", "train-labels-idx1-ubyte", "20 labels"});
}

TEST_F(DataErrorsTest, ALabelOfTen) {
  std::vector<std::uint8_t> labels(30, 1);
  labels[17] = 10;
  write_idx(data() / kNames[1], {30}, labels);
  expect_data_error({"train-labels-idx1-ubyte", "10", "17", "0 to 9"});
}

TEST_F(DataErrorsTest, ImagesOfAnotherSize) {
  write_idx(data() / kNames[0], {30, 14, 56}, std::vector<std::uint8_t>(30 * 784));
  expect_data_error({"train-images-idx3-ubyte", "14 x 56", "28 x 28"});
}

TEST_F(DataErrorsTest, ADirectoryInPlaceOfAFile) {
  fs::remove(data() / kNames[2]);
  fs::create_directory(data() / kNames[2]);
  expect_data_error({"t10k-images-idx3-ubyte", "directory"});
}

TEST_F(DataErrorsTest, APipeInPlaceOfAFile) {
  fs::remove(data() / kNames[2]);
  ASSERT_EQ(::mkfifo((data() / kNames[2]).c_str(), 0600), 0);
  expect_data_error({"t10k-images-idx3-ubyte"});
}

TEST_F(DataErrorsTest, PlainMnistDigits) {
  constexpr std::array<std::size_t, 10> kDigits = {5923, 6742, 5958, 6131, 5842,
                                                   5421, 5918, 6265, 5851, 5949};
  std::vector<std::uint8_t> labels;
  for (std::size_t digit = 0; digit < kDigits.size(); ++digit)
    labels.insert(labels.end(), kDigits[digit], static_cast<std::uint8_t>(digit));
  write_idx(data() / kNames[1], {60000}, labels);
  fs::remove(data() / kNames[0]);
  write_bytes(data() / (std::string(kNames[0]) + ".gz"),
              gzip(idx_bytes({60000, 28, 28}, std::vector<std::uint8_t>(60000 * 784))));
  expect_data_error({"train-labels-idx1-ubyte", "MNIST", "not Fashion-MNIST"});
}

TEST_F(DataErrorsTest, AFileWithoutReadPermission) {
  fs::permissions(directory(), fs::perms(0755));
  fs::permissions(data() / kNames[0], fs::perms::none);
  Call denied = reading();
  denied.unprivileged = true;
  const Outcome outcome = run_program(denied);
  if (outcome.status == 126 || outcome.status == 127)
    GTEST_SKIP() << "an unprivileged user cannot start the program where it stands";
  expect_error(outcome, 3, {"train-images-idx3-ubyte", "Permission denied"});
}

TEST_F(DataErrorsTest, AnErrorIsAlsoAJsonEvent) {
  write_bytes(data() / kNames[0], "");
  Call json = reading();
  json.arguments.push_back("--json");
  const Outcome outcome = run_program(json);
  expect_error(outcome, 3, {});
  const auto event = event_of(outcome.out, "error");
  EXPECT_EQ(lines_of(outcome.out).size(), 1u);
  EXPECT_EQ(event.value("code", 0), 3);
  EXPECT_EQ(event.value("kind", ""), "data");
  EXPECT_NE(event.value("message", "").find("train-images-idx3-ubyte"), std::string::npos);
  EXPECT_TRUE(event.contains("hint"));
}

TEST_F(DataErrorsTest, APathThatIsNoUtf8IsStillADataErrorInJson) {
  const Outcome outcome = run({"--no-output", "--json", "--data-dir",
                               "no\xff"
                               "such"});
  expect_error(outcome, 3, {"--data-dir"});
  EXPECT_EQ(event_of(outcome.out, "error").value("code", 0), 3);
}

TEST_F(DataErrorsTest, APathWithALineBreakStaysOneSentence) {
  expect_error(run({"--no-output", "--data-dir", "no\nsuch"}), 3, {"--data-dir"});
}

TEST_F(DataErrorsTest, MoreValidationThanTrainingImagesIsAUsageError) {
  Call greedy = reading();
  greedy.arguments.insert(greedy.arguments.end(), {"--val-split", "30"});
  const Outcome outcome = run_program(greedy);
  expect_error(outcome, 2, {"--val-split 30", "30 images"});
  EXPECT_EQ(names_in(directory()), (std::vector<std::string>{"data"}));
}

TEST_F(DataErrorsTest, UnpublishedDataTrainsWithAWarning) {
  const Outcome outcome =
      run({"--data-dir", "data", "--no-output", "--threads", "1", "--epochs", "0", "--json"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_TRUE(outcome.err.starts_with("warning: ")) << outcome.err;
  EXPECT_NE(outcome.err.find("not the published Fashion-MNIST"), std::string::npos) << outcome.err;
  EXPECT_EQ(event_of(outcome.out, "start")["data"]["verified"], false);
}

}  // namespace
}  // namespace fmnist
