#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>

namespace {

namespace fs = std::filesystem;

/// Who may include whom: a room, and those below it.
const std::map<std::string, std::set<std::string>> kMayInclude = {
    {"core", {}},
    {"data", {"core"}},
    {"engine", {"core", "data"}},
    {"engine/torch", {"core", "data", "engine"}},
    {"engine/fused", {"core", "data", "engine"}},
    {"engine/select", {"core", "data", "engine", "engine/torch", "engine/fused"}},
    {"train", {"core", "data", "engine"}},
    {"run", {"core", "data", "engine", "train"}},
    {"image", {"core", "data"}},
    {"tensorboard", {"core", "data", "engine", "train", "run", "image"}},
    {"evaluate", {"core", "data", "engine", "train", "run"}},
    {"sweep", {"core", "data", "engine", "train", "run"}},
    {"report", {"core", "data", "engine", "train", "run", "image", "evaluate", "sweep"}},
    {"cli",
     {"image", "tensorboard", "evaluate", "report", "sweep", "core", "data", "engine",
      "engine/torch", "engine/fused", "engine/select", "train", "run"}},
};

/// The room a path belongs to: the nearest folder above it that is one; a room may have folders.
std::string room_of(const std::string& path) {
  fs::path folder = fs::path(path).parent_path();
  while (!folder.empty() && !kMayInclude.contains(folder.string())) folder = folder.parent_path();
  return folder.string();
}

/// The path below include/fmnist or src that an include line names; empty for other headers.
std::string project_header(const std::string& line) {
  static const std::regex kPattern("#include \"(fmnist/)?([^\"]+)\".*");
  std::smatch match;
  return std::regex_match(line, match, kPattern) ? match[2].str() : "";
}

TEST(RoomsTest, AFileIncludesOnlyFromItsOwnRoomAndRoomsBelow) {
  int files = 0;
  for (const char* tree : {"include/fmnist", "src"}) {
    const fs::path root = fs::path(FMNIST_SOURCE_DIR) / tree;
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
      const fs::path path = fs::relative(entry.path(), root);
      if (path.extension() != ".h" && path.extension() != ".cpp") continue;
      const std::string room = room_of(path.string());
      ASSERT_TRUE(kMayInclude.contains(room)) << path << " stands in no known room";
      ++files;
      std::ifstream file(entry.path());
      for (std::string line; std::getline(file, line);) {
        const std::string header = project_header(line);
        if (header.empty()) continue;
        const std::string other = room_of(header);
        EXPECT_TRUE(other == room || kMayInclude.at(room).contains(other))
            << path << " includes " << header;
      }
    }
  }
  EXPECT_GT(files, 30);
}

TEST(RoomsTest, FrameworksStayBehindTheirDoors) {
  const std::map<std::string, std::set<std::string>> doors = {
      {"<torch/", {"engine/torch"}},
      {"<ATen/", {"engine/torch"}},
      {"<c10/", {"engine/torch"}},
      {"<CLI/", {"cli"}},
      {"<spdlog/", {"cli"}},
      {"<toml++/", {"cli"}},
      {"<png.h", {"image"}},
      {"<jpeglib.h", {"image"}},
      {"<protozero/", {"tensorboard"}},
      {"<kainjow/", {"report"}},
  };
  for (const char* tree : {"include/fmnist", "src"}) {
    const fs::path root = fs::path(FMNIST_SOURCE_DIR) / tree;
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
      if (!entry.is_regular_file()) continue;
      const std::string room = room_of(fs::relative(entry.path(), root).string());
      std::ifstream file(entry.path());
      for (std::string line; std::getline(file, line);) {
        for (const auto& [prefix, rooms] : doors) {
          EXPECT_TRUE(!line.starts_with("#include " + prefix) || rooms.contains(room))
              << entry.path() << ": " << line;
        }
      }
    }
  }
}

}  // namespace
