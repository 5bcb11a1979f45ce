#include "fmnist/engine/torch/device.h"

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <ATen/ops/zeros.h>
#include <dlfcn.h>

#include <cstdlib>
#include <cstring>

#include "fmnist/core/error.h"
#include "fmnist/core/text.h"

namespace fmnist {
namespace {

/// Why CUDA cannot be used, and what would make it usable; no reason when it can.
struct Obstacle {
  std::string reason;
  std::string hint;

  explicit operator bool() const { return !reason.empty(); }
};

/// Checks that need no CUDA library of LibTorch, which takes a fifth of a second to load.
Obstacle check_driver() {
  const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
  if (visible != nullptr && (*visible == '\0' || std::strcmp(visible, "-1") == 0)) {
    return {"CUDA_VISIBLE_DEVICES='" + std::string(visible) + "' hides every GPU",
            "unset CUDA_VISIBLE_DEVICES, or set it to the GPU's number"};
  }
  if (dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL) == nullptr) {
    return {"there is no NVIDIA driver (libcuda.so.1 was not found)",
            "install the NVIDIA driver of a machine with a GPU"};
  }
  return {};
}

/// Registers LibTorch's CUDA kernels. Must come before the first question whether CUDA is
/// available: LibTorch keeps its first answer.
Obstacle load_cuda_library() {
  static void* const kLibrary = dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL);
  if (kLibrary != nullptr) return {};
  const char* why = dlerror();
  return {"LibTorch's CUDA library does not load (" +
              std::string(why != nullptr ? why : "libtorch_cuda.so") + ")",
          "run scripts/setup --cuda to install the CUDA libraries"};
}

Obstacle check_device(const DeviceRequest& request) {
  if (!at::globalContext().hasCUDA()) {
    return {"LibTorch finds no usable GPU (the driver may be too old for this LibTorch)",
            "run nvidia-smi to see the driver and its GPUs"};
  }
  const int count = at::detail::getCUDAHooks().deviceCount();
  const int index = request.index.value_or(0);
  if (index >= count) {
    return {"there is no GPU number " + std::to_string(index) + ", this machine has " +
                std::to_string(count),
            "choose --device cuda:0 to cuda:" + std::to_string(count - 1)};
  }
  try {
    const auto device = at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(index));
    (void)at::zeros({1}, device).add_(1).item<float>();
  } catch (const c10::Error& error) {
    return {"a first calculation on the GPU failed (" + first_line(error.what_without_backtrace()) +
                ")",
            "see whether another program holds the GPU's memory (nvidia-smi)"};
  }
  return {};
}

Obstacle check_cuda(const DeviceRequest& request) {
  if (Obstacle obstacle = check_driver()) return obstacle;
  if (Obstacle obstacle = load_cuda_library()) return obstacle;
  return check_device(request);
}

}  // namespace

DeviceChoice choose_device(const DeviceRequest& request, bool required) {
  const std::string requested = to_string(request);
  if (request.kind == DeviceRequest::Kind::kCpu)
    return {requested, "cpu", "the CPU was asked for", "", false};
  const Obstacle obstacle = check_cuda(request);
  if (!obstacle) {
    return {requested, "cuda:" + std::to_string(request.index.value_or(0)), "CUDA works", "",
            false};
  }
  const bool by_name = request.kind == DeviceRequest::Kind::kCuda;
  if (by_name && required) {
    throw Error(ErrorKind::kDevice, "--device " + requested + " cannot be used: " + obstacle.reason,
                obstacle.hint + ", or leave --require-device out to train on the CPU");
  }
  return {requested, "cpu", obstacle.reason, by_name ? obstacle.hint : "", by_name};
}

}  // namespace fmnist
