#include "cli/terminal/progress_bar.h"

#include <gtest/gtest.h>

namespace fmnist {
namespace {

BarValues third_epoch() {
  return {.label = "Epoch 3/40",
          .done = 250,
          .total = 1000,
          .seconds_left = 75.4,
          .metrics = Metrics{0.51234, 0.8125},
          .images_per_second = 93210.4};
}

TEST(RenderBarTest, ShowsAllPartsWhereThereIsRoom) {
  EXPECT_EQ(render_bar(third_epoch(), 100),
            "Epoch 3/40  [#######......................]   25%  ETA 1:15  loss 0.5123  acc 81.25%"
            "  93210 images/s");
  EXPECT_EQ(render_bar(third_epoch(), 79),
            "Epoch 3/40  [##......]   25%  ETA 1:15  loss 0.5123  acc 81.25%  93210 images/s");
}

TEST(RenderBarTest, DropsPartsFromTheRightWhereThereIsNoRoom) {
  EXPECT_EQ(render_bar(third_epoch(), 60),
            "Epoch 3/40  [#....]   25%  ETA 1:15  loss 0.5123  acc 81.25%");
  EXPECT_EQ(render_bar(third_epoch(), 25), "Epoch 3/40  [#....]   25%");
  EXPECT_EQ(render_bar(third_epoch(), 24), "Epoch 3/40  [##........]");
  EXPECT_EQ(render_bar(third_epoch(), 18), "Epoch 3/40   25%");
  EXPECT_EQ(render_bar(third_epoch(), 5), "Epoch");
  EXPECT_EQ(render_bar(third_epoch(), 0), "");
}

TEST(RenderBarTest, IsNeverWiderThanAsked) {
  for (std::size_t columns = 0; columns < 300; ++columns)
    EXPECT_LE(render_bar(third_epoch(), columns).size(), columns);
}

TEST(RenderBarTest, LeavesOutWhatIsNotKnown) {
  EXPECT_EQ(render_bar({.label = "Shift 0/81", .done = 0, .total = 81}, 30),
            "Shift 0/81  [..........]    0%");
}

TEST(RenderBarTest, IsFullAtTheEndOnly) {
  const auto at = [](std::uint64_t done) {
    return render_bar({.label = "x", .done = done, .total = 100000}, 21);
  };
  EXPECT_EQ(at(99999), "x  [#########.]   99%");
  EXPECT_EQ(at(100000), "x  [##########]  100%");
  EXPECT_EQ(at(200000), at(100000));
}

TEST(RenderBarTest, TimesAreOnesThatPeopleRead) {
  const auto eta = [](double seconds) {
    BarValues values{.label = "", .seconds_left = seconds};
    const std::string line = render_bar(values, 60);
    return line.substr(line.find("ETA"));
  };
  EXPECT_EQ(eta(0.2), "ETA 0:00");
  EXPECT_EQ(eta(-3.0), "ETA 0:00");
  EXPECT_EQ(eta(59.6), "ETA 1:00");
  EXPECT_EQ(eta(3599.0), "ETA 59:59");
  EXPECT_EQ(eta(3723.0), "ETA 1:02:03");
  EXPECT_EQ(eta(1e12), "ETA 999:59:59");
}

}  // namespace
}  // namespace fmnist
