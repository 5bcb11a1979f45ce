#include "fmnist/data/split.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/idx_writer.h"

namespace fmnist {
namespace {

TEST(Split, ImagesLieOneAfterTheOther) {
  Split split{std::vector<std::uint8_t>(3 * kImagePixels, 0), {4, 5, 6}};
  std::fill_n(split.images.begin() + 2 * kImagePixels, kImagePixels, std::uint8_t{9});
  EXPECT_EQ(split.size(), 3U);
  EXPECT_EQ(split.image(1).size(), kImagePixels);
  EXPECT_EQ(split.image(1).back(), 0);
  EXPECT_EQ(split.image(2).front(), 9);
}

TEST(Gather, TakesImagesWithTheirLabelsInTheOrderOfTheIndices) {
  const Split split = learnable_split(20, 1);
  const std::vector<std::uint32_t> indices = {19, 0, 7, 7};
  const Split gathered = gather(split, indices);
  ASSERT_EQ(gathered.size(), 4U);
  EXPECT_EQ(gathered.labels, (std::vector<std::uint8_t>{9, 0, 7, 7}));
  ASSERT_EQ(gathered.images.size(), 4 * kImagePixels);
  for (std::size_t i = 0; i < indices.size(); ++i) {
    EXPECT_TRUE(std::ranges::equal(gathered.image(i), split.image(indices[i]))) << i;
  }
}

TEST(Gather, NothingGivesAnEmptySplit) {
  const Split gathered = gather(learnable_split(3, 1), {});
  EXPECT_EQ(gathered.size(), 0U);
  EXPECT_TRUE(gathered.images.empty());
}

}  // namespace
}  // namespace fmnist
