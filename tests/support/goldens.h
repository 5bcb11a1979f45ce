#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>

#include "fmnist/core/files.h"
#include "fmnist/core/parameters.h"
#include "fmnist/data/split.h"
#include "support/tensors.h"

namespace fmnist {

/// A file of tests/goldens, as scripts/make_goldens.py wrote it.
inline SafetensorsFile read_golden(const std::string& name) {
  const auto path =
      std::filesystem::path(FMNIST_SOURCE_DIR) / "tests/goldens" / (name + ".safetensors");
  return parse_safetensors(read_file(path, ErrorKind::kRuntime), path.string());
}

inline std::vector<float> golden_floats(const SafetensorsFile& file, const std::string& name) {
  return elements<float>(*find_tensor(file, name));
}

/// The eight tensors `<prefix>.<parameter>`.
inline Parameters golden_parameters(const SafetensorsFile& file, const std::string& prefix) {
  Parameters parameters;
  for (std::size_t i = 0; i < kParameters.size(); ++i) {
    const auto values = golden_floats(file, prefix + "." + std::string(kParameters[i].name));
    std::copy(values.begin(), values.end(), parameters.tensor(i).begin());
  }
  return parameters;
}

/// The images that the goldens were computed with: batch b is images 64 b to 64 b + 63.
inline Split golden_images() {
  const SafetensorsFile file = read_golden("batches");
  return {elements<std::uint8_t>(*find_tensor(file, "images")),
          elements<std::uint8_t>(*find_tensor(file, "labels"))};
}

/// The largest difference as a share of the largest expected entry.
inline double relative_difference(std::span<const float> found, std::span<const float> expected) {
  double largest = 0.0;
  double difference = 0.0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
    const double here = std::abs(static_cast<double>(found[i]) - expected[i]);
    if (!(here <= difference)) difference = here;  // a NaN counts as a difference
  }
  return difference / largest;
}

inline void expect_close(const Parameters& found, const Parameters& expected, double tolerance,
                         const std::string& what) {
  for (std::size_t i = 0; i < kParameters.size(); ++i) {
    EXPECT_LE(relative_difference(found.tensor(i), expected.tensor(i)), tolerance)
        << what << " of " << kParameters[i].name;
  }
}

}  // namespace fmnist
