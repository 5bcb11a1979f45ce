#include "fmnist/engine/torch/device.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "support/errors.h"

namespace fmnist {
namespace {

TEST(DeviceTest, TheCpuIsTakenWhenItIsAskedFor) {
  const DeviceChoice choice = choose_device({DeviceRequest::Kind::kCpu, std::nullopt}, true);
  EXPECT_EQ(choice.requested, "cpu");
  EXPECT_EQ(choice.used, "cpu");
  EXPECT_FALSE(choice.fell_back);
}

TEST(DeviceTest, HiddenGpusAreToldFromMissingOnes) {
  setenv("CUDA_VISIBLE_DEVICES", "", 1);
  const DeviceChoice hidden = choose_device({DeviceRequest::Kind::kCuda, 1}, false);
  unsetenv("CUDA_VISIBLE_DEVICES");
  EXPECT_EQ(hidden.requested, "cuda:1");
  EXPECT_EQ(hidden.used, "cpu");
  EXPECT_TRUE(hidden.fell_back);
  expect_parts(hidden.reason, {"CUDA_VISIBLE_DEVICES"});
  expect_parts(hidden.hint, {"unset CUDA_VISIBLE_DEVICES"});
}

TEST(DeviceTest, AutoNeverFailsAndIsNoFallBack) {
  setenv("CUDA_VISIBLE_DEVICES", "-1", 1);
  const DeviceChoice choice = choose_device({}, true);
  unsetenv("CUDA_VISIBLE_DEVICES");
  EXPECT_EQ(choice.used, "cpu");
  EXPECT_FALSE(choice.fell_back);
  EXPECT_EQ(choice.hint, "");
}

TEST(DeviceTest, ARequiredDeviceThatIsNotUsableIsAnError) {
  setenv("CUDA_VISIBLE_DEVICES", "-1", 1);
  expect_parts(error_of(ErrorKind::kDevice,
                        [] {
                          choose_device({DeviceRequest::Kind::kCuda, std::nullopt}, true);
                        }),
               {"--device cuda", "CUDA_VISIBLE_DEVICES='-1'"});
  unsetenv("CUDA_VISIBLE_DEVICES");
}

}  // namespace
}  // namespace fmnist
