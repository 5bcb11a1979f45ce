#include "engine/fused/close_calls.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace fmnist {
namespace {

/// The four convolution outputs of a pool window: top left, top right, bottom left, bottom right.
using Window = std::array<double, 4>;

std::size_t largest(const Window& window) {
  return static_cast<std::size_t>(std::max_element(window.begin(), window.end()) - window.begin());
}

std::uint8_t route(const Window& window) {
  const std::size_t index = largest(window);
  const std::size_t code = index % 2 * kRouteRight + index / 2 * kRouteDown;
  return static_cast<std::uint8_t>(window[index] > 0.0 ? code : code | kRouteInactive);
}

/// A square of an image's pixels.
template <std::size_t kSide>
using Pixels = std::array<std::array<double, kSide>, kSide>;

/// The normalised values of the 256 shades.
constexpr std::array<double, 256> kShades = [] {
  std::array<double, 256> shades{};
  for (std::size_t i = 0; i < shades.size(); ++i) {
    shades[i] = (static_cast<double>(i) / 255.0 - kPixelMean) / kPixelStd;
  }
  return shades;
}();

/// The square whose upper left corner is at (`y`, `x`) of the image in `lane`.
template <std::size_t kSide>
Pixels<kSide> pixels_at(const Workspace& work, std::size_t lane, std::size_t y, std::size_t x) {
  Pixels<kSide> pixels;
  for (std::size_t i = 0; i < kSide * kSide; ++i) {
    const std::size_t pixel = (y + i / kSide) * kImageSide + x + i % kSide;
    pixels[i / kSide][i % kSide] = kShades[work.bytes[pixel][lane]];
  }
  return pixels;
}

/// Conv1's window that begins at (`y`, `x`) of `pixels`.
template <std::size_t kSide>
Window conv1_window(const PackedParameters& parameters, const Pixels<kSide>& pixels,
                    std::size_t channel, std::size_t y, std::size_t x) {
  Window window;
  window.fill(double{parameters.conv1_bias[channel]});
  for (std::size_t tap = 0; tap < kTaps; ++tap) {
    const auto weight = double{parameters.conv1_weight[tap][channel]};
    const auto* const corner = &pixels[y + tap / kKernelSide][x + tap % kKernelSide];
    window[0] += weight * corner[0];
    window[1] += weight * corner[1];
    window[2] += weight * corner[kSide];
    window[3] += weight * corner[kSide + 1];
  }
  return window;
}

/// Conv2's window at the pooled pixel (`y`, `x`) of the image in `lane`.
Window conv2_window(const PackedParameters& parameters, const Workspace& work, std::size_t lane,
                    std::size_t channel, std::size_t y, std::size_t x) {
  constexpr std::size_t kSide = kKernelSide + 1;
  const auto pixels = pixels_at<2 * kSide + 4>(work, lane, 4 * y, 4 * x);
  Window window;
  window.fill(double{parameters.conv2_bias[channel]});
  for (std::size_t in = 0; in < kConv1Channels; ++in) {
    double inputs[kSide][kSide];
    for (std::size_t i = 0; i < kSide * kSide; ++i) {
      const Window conv1 = conv1_window(parameters, pixels, in, i / kSide * 2, i % kSide * 2);
      inputs[i / kSide][i % kSide] = std::max(conv1[largest(conv1)], 0.0);
    }
    for (std::size_t tap = 0; tap < kTaps; ++tap) {
      const auto weight = double{parameters.conv2_weight[channel][tap][in]};
      for (std::size_t i = 0; i < 4; ++i) {
        window[i] += weight * inputs[tap / kKernelSide + i / 2][tap % kKernelSide + i % 2];
      }
    }
  }
  return window;
}

/// A byte of each image of the group, eight in a word.
using Lanes = std::array<std::uint64_t, kGroup / 8>;
constexpr std::uint64_t kInEachByte = 0x0101010101010101;

Lanes operator|(Lanes a, Lanes b) { return {a[0] | b[0], a[1] | b[1]}; }
Lanes operator~(Lanes a) { return {~a[0], ~a[1]}; }
Lanes operator&(Lanes a, Lanes b) { return {a[0] & b[0], a[1] & b[1]}; }

/// `kRouteClose` in the bytes that are not zero.
Lanes mark(Lanes lanes) {
  constexpr std::uint64_t kLow = 0x7F * kInEachByte;
  for (std::uint64_t& word : lanes)
    word = (((word & kLow) + kLow) | word) >> 1 & kRouteClose * kInEachByte;
  return lanes;
}

/// Where the images are more than background, as marks to be compared with routes. Entries that see
/// nothing but background are equal, and a gradient may go to any of them.
struct Foreground {
  Lanes conv1[2 * kPool1Side][2 * kPool1Side];  // what an output sees: 5×5 pixels
  Lanes pool1[kPool1Side][kPool1Side];          // what a pooled output sees: 6×6 pixels
  Lanes distinct[kPool1Side][kPool1Side];       // whether three of its four entries do
  Lanes pool2[kPool2Side][kPool2Side];          // 16×16 pixels
};

/// Unites `kCount` values that lie `pitch` apart.
template <std::size_t kCount>
Lanes unite(const Lanes* from, std::size_t pitch) {
  Lanes result = from[0];
  for (std::size_t i = 1; i < kCount; ++i) result = result | from[i * pitch];
  return result;
}

/// Unites windows of `kSize` × `kSize`, `kStep` apart, of the square `from` in the square `to`.
template <std::size_t kSize, std::size_t kStep, std::size_t kTo>
void unite_windows(const Lanes* from, Lanes (&to)[kTo][kTo]) {
  constexpr std::size_t kFrom = (kTo - 1) * kStep + kSize;
  Lanes rows[kFrom][kTo];
  for (std::size_t y = 0; y < kFrom; ++y) {
    for (std::size_t x = 0; x < kTo; ++x)
      rows[y][x] = unite<kSize>(from + y * kFrom + x * kStep, 1);
  }
  for (std::size_t y = 0; y < kTo; ++y) {
    for (std::size_t x = 0; x < kTo; ++x) to[y][x] = mark(unite<kSize>(&rows[y * kStep][x], kTo));
  }
}

void find_foreground(const Workspace& work, Foreground& foreground) {
  Lanes bytes[kImagePixels];
  static_assert(sizeof(bytes) == sizeof(work.bytes));
  std::memcpy(bytes, work.bytes, sizeof(bytes));
  unite_windows<kKernelSide, 1>(bytes, foreground.conv1);
  unite_windows<2, 2>(foreground.conv1[0], foreground.pool1);
  unite_windows<kKernelSide + 1, 2>(foreground.pool1[0], foreground.pool2);
  for (std::size_t y = 0; y < kPool1Side; ++y) {
    for (std::size_t x = 0; x < kPool1Side; ++x) {
      const Lanes* const top = &foreground.conv1[2 * y][2 * x];
      const Lanes* const bottom = &foreground.conv1[2 * y + 1][2 * x];
      foreground.distinct[y][x] = ((top[0] & top[1]) & (bottom[0] | bottom[1])) |
                                  ((top[0] | top[1]) & (bottom[0] & bottom[1]));
    }
  }
}

/// Which of the `routes` of conv1's pooled pixel (`y`, `x`) have a winner that sees only
/// background, like another entry.
Lanes background_ties(Lanes routes, const Foreground& foreground, std::size_t y, std::size_t x) {
  Lanes ties;
  for (std::size_t i = 0; i < ties.size(); ++i) {
    const std::uint64_t right = (routes[i] / kRouteRight & kInEachByte) * 0xFF;
    const std::uint64_t down = (routes[i] / kRouteDown & kInEachByte) * 0xFF;
    const auto choose = [&](const Lanes* row) {
      return (right & row[1][i]) | (~right & row[0][i]);
    };
    const std::uint64_t winner = (down & choose(&foreground.conv1[2 * y + 1][2 * x])) |
                                 (~down & choose(&foreground.conv1[2 * y][2 * x]));
    ties[i] = ~(winner | foreground.distinct[y][x][i]);
  }
  return ties;
}

Lanes load(const std::uint8_t (&routes)[kGroup]) {
  Lanes lanes;
  std::memcpy(&lanes, routes, sizeof(lanes));
  return lanes;
}

bool any(Lanes lanes) { return (lanes[0] | lanes[1]) != 0; }

/// Calls `settle(lane)` for the images marked in `close`.
template <class Settle>
void for_each_lane(Lanes close, Settle settle) {
  for (std::size_t i = 0; i < close.size(); ++i) {
    for (; close[i] != 0; close[i] &= close[i] - 1) {
      settle(i * 8 + static_cast<std::size_t>(std::countr_zero(close[i])) / 8);
    }
  }
}

}  // namespace

void settle_close_calls(const PackedParameters& parameters, Workspace& work) {
  Foreground foreground;
  find_foreground(work, foreground);
  int left = kMaxCloseCalls;
  for (std::size_t channel = 0; channel < kConv1Channels; ++channel) {
    for (std::size_t pixel = 0; pixel < kPool1Pixels; ++pixel) {
      const std::size_t y = pixel / kPool1Side;
      const std::size_t x = pixel % kPool1Side;
      const Lanes routes = load(work.route1[channel][pixel]);
      const Lanes close = routes & foreground.pool1[y][x];
      if (!any(close)) continue;
      for_each_lane(close & ~background_ties(routes, foreground, y, x), [&](std::size_t lane) {
        if (left-- <= 0) return;
        const auto pixels = pixels_at<kKernelSide + 1>(work, lane, 2 * y, 2 * x);
        work.route1[channel][pixel][lane] = route(conv1_window(parameters, pixels, channel, 0, 0));
      });
    }
  }
  for (std::size_t unit = 0; unit < kFeatures; ++unit) {
    const std::size_t channel = unit % kConv2Channels;
    const std::size_t y = unit / kConv2Channels / kPool2Side;
    const std::size_t x = unit / kConv2Channels % kPool2Side;
    for_each_lane(load(work.route2[unit]) & foreground.pool2[y][x], [&](std::size_t lane) {
      if (left-- <= 0) return;
      work.route2[unit][lane] = route(conv2_window(parameters, work, lane, channel, y, x));
    });
  }
}

}  // namespace fmnist
