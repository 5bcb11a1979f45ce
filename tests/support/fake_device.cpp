// A PrivateUse1 device for LibTorch in host memory. Every operation arrives at one boxed function
// (`run_on_host`) that lends the CPU's kernel views of the device's memory and makes what comes
// back tensors of the device again. Nothing is copied on the way, so what `_copy_from` counts is
// what the program under test asked for.

#include "support/fake_device.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include <atomic>
#include <functional>
#include <optional>
#include <ostream>
#include <ranges>
#include <utility>
#include <vector>

namespace fmnist {
namespace {

const c10::Device kDevice(c10::DeviceType::PrivateUse1, 0);

// Atomic because backward passes run in a thread of the device.
std::atomic<std::uint64_t> host_to_device, device_to_host, device_to_device, scalar_reads;

// --- Memory: a storage of the device owns a CPU storage, at a shifted address. -------------------

// User space has no addresses with this bit: whoever reads the device's memory without a copy stops
// with a segmentation fault, as with CUDA.
constexpr std::uintptr_t kDeviceAddress = std::uintptr_t{1} << 55;

c10::DataPtr device_pointer(const c10::Storage& host) {
  auto address = reinterpret_cast<std::uintptr_t>(host.data());
  if (address != 0) address += kDeviceAddress;
  const auto release = [](void* owned) { delete static_cast<c10::Storage*>(owned); };
  return {reinterpret_cast<void*>(address), new c10::Storage(host), release, kDevice};
}

at::Tensor with_shape_of(const at::Tensor& model, at::Tensor tensor) {
  tensor.unsafeGetTensorImpl()->set_sizes_and_strides(model.sizes(), model.strides(),
                                                      model.storage_offset());
  return tensor;
}

/// A tensor over `storage` with the shape, strides and type of `model`.
at::Tensor make_tensor(c10::Storage storage, c10::DispatchKey key, const at::Tensor& model) {
  return with_shape_of(model, at::detail::make_tensor<c10::TensorImpl>(
                                  std::move(storage), c10::DispatchKeySet(key), model.dtype()));
}

/// The memory of `tensor` as a CPU tensor.
at::Tensor host_view(const at::Tensor& tensor) {
  if (tensor.device() != kDevice) return tensor;
  const auto& host = *static_cast<c10::Storage*>(tensor.storage().data_ptr().get_context());
  return make_tensor(host, c10::DispatchKey::CPU, tensor);
}

/// A tensor of the device that takes over the memory of the CPU tensor `host`.
at::Tensor take_over(const at::Tensor& host) {
  const c10::Storage storage(c10::Storage::use_byte_size_t(), host.storage().nbytes(),
                             device_pointer(host.storage()));
  return make_tensor(storage, c10::DispatchKey::PrivateUse1, host);
}

// --- Operations ----------------------------------------------------------------------------------

/// A tensor argument and what the CPU's kernel got in its place.
struct Lent {
  at::Tensor device;
  at::Tensor host;
};

/// `value` with `map` applied to the tensors in it.
c10::IValue map_tensors(const c10::IValue& value,
                        const std::function<at::Tensor(const at::Tensor&)>& map) {
  if (value.isTensor()) return map(value.toTensor());
  if (value.isTensorList()) {
    c10::List<at::Tensor> mapped;
    for (const auto& tensor : value.toTensorVector()) mapped.push_back(map(tensor));
    return mapped;
  }
  if (value.isOptionalTensorList()) {
    c10::List<std::optional<at::Tensor>> mapped;
    for (const auto& tensor : value.toOptionalTensorVector()) {
      mapped.push_back(tensor ? std::optional(map(*tensor)) : std::nullopt);
    }
    return mapped;
  }
  return value;
}

/// Throws unless `tensor`, a CPU tensor beside tensors of the device, is one that CUDA's kernels
/// take too: a scalar that is only read.
void refuse_mixed(const at::Tensor& tensor, const c10::OperatorHandle& op,
                  const c10::Argument& argument) {
  const bool written = argument.alias_info() != nullptr && argument.alias_info()->isWrite();
  TORCH_CHECK(tensor.dim() == 0 && !written, "Expected all tensors to be on the same device, but ",
              op.schema().name(), " got '", argument.name(), "' on ", tensor.device(),
              " beside tensors on ", kDevice);
}

/// A result of the CPU's kernel as a tensor of the device: an argument, a view of one, or new.
at::Tensor give_back(const at::Tensor& result, const std::vector<Lent>& lent) {
  if (!result.defined()) return result;
  for (const auto& [device, host] : lent) {
    if (result.is_same(host)) return device;
  }
  for (const auto& [device, host] : lent) {
    if (!result.storage().is_alias_of(host.storage())) continue;
    // With the keys of its base: a view is an inference tensor only where its base is one.
    return with_shape_of(result, at::detail::make_tensor<c10::TensorImpl>(
                                     c10::TensorImpl::VIEW, c10::Storage(device.storage()),
                                     device.key_set(), result.dtype()));
  }
  return take_over(result);
}

/// Lets an argument follow its host view where the kernel changed its shape: `resize_`, `out=`.
void follow_shape(const Lent& lent) {
  const auto& [device, host] = lent;
  if (device.sizes() == host.sizes() && device.strides() == host.strides() &&
      device.storage_offset() == host.storage_offset()) {
    return;
  }
  device.storage().unsafeGetStorageImpl()->set_data_ptr_noswap(device_pointer(host.storage()));
  device.storage().unsafeGetStorageImpl()->set_nbytes(host.storage().nbytes());
  with_shape_of(host, device);
}

void run_on_host(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const auto& arguments = op.schema().arguments();
  const auto first = stack->size() - arguments.size();
  std::vector<Lent> lent;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    c10::IValue& value = (*stack)[first + i];
    if (value.isDevice()) value = c10::Device(c10::kCPU);  // of `empty` and its like
    value = map_tensors(value, [&](const at::Tensor& tensor) {
      if (!tensor.defined()) return tensor;
      if (tensor.device() != kDevice) {
        refuse_mixed(tensor, op, arguments[i]);
        return tensor;
      }
      return lent.emplace_back(tensor, host_view(tensor)).host;
    });
  }
  // The host needs the values themselves: a real device would have to be waited for.
  if (op.hasTag(at::Tag::data_dependent_output) || op.hasTag(at::Tag::dynamic_output_shape)) {
    ++scalar_reads;
  }
  op.redispatchBoxed(c10::DispatchKeySet(c10::DispatchKey::CPU), stack);

  for (const Lent& argument : lent) follow_shape(argument);
  for (c10::IValue& value : *stack | std::views::drop(first)) {
    value = map_tensors(value, [&](const auto& result) { return give_back(result, lent); });
  }
}

at::Tensor copy_from(const at::Tensor& source, const at::Tensor& target, bool /*non_blocking*/) {
  const bool from_device = source.device() == kDevice;
  const bool to_device = target.device() == kDevice;
  ++(from_device ? (to_device ? device_to_device : device_to_host) : host_to_device);
  host_view(target).copy_(host_view(source));
  return target;
}

/// Lets `Module::to` put a parameter's new values on another device than the old ones.
bool same_kind_of_tensor(const at::Tensor&, const at::Tensor&) { return true; }

TORCH_LIBRARY_IMPL(_, PrivateUse1, library) {
  library.fallback(torch::CppFunction::makeFromBoxedFunction<&run_on_host>());
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, library) {
  library.impl("_copy_from", copy_from);
  library.impl("_has_compatible_shallow_copy_type", same_kind_of_tensor);
  // LibTorch would choose a kernel for unknown devices; the CPU's choice is wanted.
  library.impl("convolution", torch::CppFunction::makeFromBoxedFunction<&run_on_host>());
  library.impl("convolution_backward", torch::CppFunction::makeFromBoxedFunction<&run_on_host>());
}

TORCH_LIBRARY_IMPL(aten, AutogradPrivateUse1, library) {
  library.impl("_has_compatible_shallow_copy_type", same_kind_of_tensor);
}

// --- The device itself: one, with one stream. ----------------------------------------------------

struct Guard final : c10::impl::NoOpDeviceGuardImpl<c10::DeviceType::PrivateUse1> {
  c10::Device exchangeDevice(c10::Device) const override { return kDevice; }
  c10::Device getDevice() const override { return kDevice; }
  c10::Stream getStream(c10::Device) const noexcept override { return stream(); }
  c10::Stream exchangeStream(c10::Stream) const noexcept override { return stream(); }

  static c10::Stream stream() { return c10::Stream(c10::Stream::DEFAULT, kDevice); }
};

struct Hooks final : at::PrivateUse1HooksInterface {
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
  c10::DeviceIndex deviceCount() const override { return 1; }
  c10::DeviceIndex getCurrentDevice() const override { return 0; }
  const at::Generator& getDefaultGenerator(c10::DeviceIndex) const override {
    return at::detail::getDefaultCPUGenerator();
  }
};

C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard)

[[maybe_unused]] const bool registered = [] {
  // The device keeps LibTorch's own name; registering one makes it the program's accelerator.
  c10::register_privateuse1_backend("privateuseone");
  at::RegisterPrivateUse1HooksInterface(new Hooks);
  return true;
}();

}  // namespace

FakeDeviceCounts fake_device_counts() {
  return {host_to_device, device_to_host, device_to_device, scalar_reads};
}

std::ostream& operator<<(std::ostream& out, const FakeDeviceCounts& counts) {
  return out << "to device " << counts.host_to_device << ", to host " << counts.device_to_host
             << ", on device " << counts.device_to_device << ", reads " << counts.scalar_reads;
}

void reset_fake_device_counts() {
  host_to_device = device_to_host = device_to_device = scalar_reads = 0;
}

}  // namespace fmnist
