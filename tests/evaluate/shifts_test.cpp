#include "fmnist/evaluate/shifts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "support/idx_writer.h"

namespace fmnist {
namespace {

using ::testing::Each;

Split numbered_image() {
  Split split;
  for (std::size_t pixel = 0; pixel < kImagePixels; ++pixel)
    split.images.push_back(static_cast<std::uint8_t>(1 + pixel % 255));
  split.labels = {3};
  return split;
}

TEST(ShiftImages, LeavesImagesThatDoNotMove) {
  const Split split = learnable_split(3, 1);
  EXPECT_EQ(shift_images(split, 0, 0).images, split.images);
  EXPECT_EQ(shift_images(split, 2, 1).labels, split.labels);
}

TEST(ShiftImages, MovesEveryPixelAndFillsWithZeros) {
  const Split split = numbered_image();
  for (const auto& [dx, dy] : {std::pair{3, 0}, {-3, 0}, {0, 2}, {0, -2}, {5, -7}, {-1, 27}}) {
    const Split shifted = shift_images(split, dx, dy);
    for (int row = 0; row < 28; ++row) {
      for (int column = 0; column < 28; ++column) {
        const int from_row = row - dy;
        const int from_column = column - dx;
        const bool inside = from_row >= 0 && from_row < 28 && from_column >= 0 && from_column < 28;
        const int expected = inside ? split.images[from_row * 28 + from_column] : 0;
        ASSERT_EQ(shifted.images[row * 28 + column], expected)
            << dx << " " << dy << ": " << row << " " << column;
      }
    }
  }
}

TEST(ShiftImages, MovesRightAndDown) {
  Split split{std::vector<std::uint8_t>(kImagePixels), {0}};
  split.images[10 * 28 + 10] = 200;
  EXPECT_EQ(shift_images(split, 4, 1).images[11 * 28 + 14], 200);
}

TEST(ShiftImages, KeepsImagesApart) {
  Split split{std::vector<std::uint8_t>(2 * kImagePixels, 9), {0, 1}};
  const Split shifted = shift_images(split, 0, 28);
  EXPECT_THAT(shifted.images, Each(0));
  const Split up = shift_images(split, 0, -1);
  EXPECT_EQ(std::ranges::count(up.image(0), 9), 27 * 28);
  EXPECT_EQ(std::ranges::count(up.image(1), 9), 27 * 28);
}

TEST(ShiftImages, LeavesNothingOfImagesThatMoveOut) {
  for (const auto& [dx, dy] : {std::pair{28, 0}, {-28, 0}, {0, 28}, {0, -28}, {100, 0}, {0, -100}})
    EXPECT_THAT(shift_images(numbered_image(), dx, dy).images, Each(0)) << dx << " " << dy;
}

/// Answers 0 to images whose brightest pixel is at (row 10, column 10), else 1.
class PlaceEngine final : public Engine {
 public:
  void start_epoch(const Split&, std::span<const std::uint32_t>) override {}
  void train_step(std::size_t, std::size_t, double, std::uint64_t) override {}
  Totals drain() override { return {}; }
  std::vector<float> logits(std::span<const std::uint8_t> images) override {
    std::vector<float> logits(images.size() / kImagePixels * kClassCount);
    for (std::size_t image = 0; image * kImagePixels < images.size(); ++image) {
      const bool there = images[image * kImagePixels + 10 * kImageSide + 10] > 0;
      logits[image * kClassCount + (there ? 0 : 1)] = 1.0f;
    }
    return logits;
  }
  TrainState state() override { return {}; }
};

/// Images of class 0 with one bright pixel each, at these (column, row).
Split dots(const std::vector<std::pair<std::size_t, std::size_t>>& places) {
  Split split{std::vector<std::uint8_t>(places.size() * kImagePixels),
              std::vector<std::uint8_t>(places.size(), 0)};
  for (std::size_t i = 0; i < places.size(); ++i)
    split.images[i * kImagePixels + places[i].second * kImageSide + places[i].first] = 255;
  return split;
}

TEST(EvaluateShifts, PutsEachShiftInItsPlace) {
  PlaceEngine engine;
  // Right after 2 to the right and 1 up, and where they are.
  const Split split = dots({{8, 11}, {10, 10}, {10, 10}, {0, 0}});
  const ShiftGrid grid = evaluate_shifts(engine, split, 2);
  ASSERT_EQ(grid.reach, 2);
  ASSERT_EQ(grid.accuracy.size(), 25U);
  for (int dy = -2; dy <= 2; ++dy) {
    for (int dx = -2; dx <= 2; ++dx) {
      const double expected = dx == 2 && dy == -1 ? 0.25 : dx == 0 && dy == 0 ? 0.5 : 0.0;
      EXPECT_EQ(grid.at(dx, dy), expected) << dx << " " << dy;
    }
  }
  EXPECT_EQ(grid.accuracy[1 * 5 + 4], 0.25);  // row dy = -1, column dx = 2
}

TEST(EvaluateShifts, HasTheAccuracyOfAnEvaluationInTheMiddle) {
  PlaceEngine engine;
  const Split split = dots({{10, 10}, {3, 4}, {10, 10}});
  EXPECT_EQ(evaluate_shifts(engine, split, 0).accuracy,
            std::vector<double>{mean(evaluate(engine, split)).accuracy});
}

TEST(EvaluateShifts, TellsHowFarItIs) {
  PlaceEngine engine;
  std::vector<int> done;
  evaluate_shifts(engine, dots({{1, 1}}), 1, [&](int count, int total) {
    EXPECT_EQ(total, 9);
    done.push_back(count);
  });
  EXPECT_EQ(done, (std::vector<int>{1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

}  // namespace
}  // namespace fmnist
