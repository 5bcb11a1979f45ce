#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fmnist/core/config.h"
#include "fmnist/core/metrics.h"

namespace fmnist {

/// What a progress bar says; what is not known yet is left out.
struct BarValues {
  std::string label;  // "Epoch 3/40"
  std::uint64_t done = 0;
  std::uint64_t total = 1;
  std::optional<double> seconds_left = {};
  std::optional<Metrics> metrics = {};  // of the last batches
  std::optional<double> images_per_second = {};
};

/// The bar as one line of at most `columns` ASCII characters: "Epoch 3/40  [###....]   6%  ETA 0:15
/// loss 0.5123  acc 81.20%  93210 images/s", from the left as many of the parts as fit.
std::string render_bar(const BarValues& values, std::size_t columns);

/// The progress that standard error gets, never kAuto: a bar needs a terminal that can redraw a
/// line, and --quiet wants nothing.
ProgressStyle progress_style(const Config& config);

/// A progress bar in the last rows of the terminal on standard error; gone when it goes. One at a
/// time.
class ProgressBar {
 public:
  ProgressBar() = default;
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// Whether it was not drawn for a tenth of a second.
  bool due() const { return Clock::now() >= next_drawing_; }
  /// Draws the bar, as wide as the terminal now is, under `rows` of ASCII text, which are cut to
  /// that width and left out where the terminal has too few rows.
  void draw(const BarValues& values, const std::vector<std::string>& rows = {});

 private:
  using Clock = std::chrono::steady_clock;

  Clock::time_point next_drawing_;
};

}  // namespace fmnist
