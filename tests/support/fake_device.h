#pragma once

#include <cstdint>
#include <iosfwd>

namespace fmnist {

/// LibTorch's name of the fake accelerator that a test program gets by linking `fake_device.cpp`.
///
/// It computes what the CPU computes, to the bit, but is a device of its own: tensors reach it and
/// leave it only by copies, which are counted; an operation on tensors of both devices is refused
/// as CUDA refuses it, naming the operation; and the host cannot read its memory. Backward passes
/// run in a thread of the device, as with CUDA. Random operations draw from a CPU generator.
inline constexpr const char* kFakeDevice = "privateuseone:0";

/// What a real accelerator would have had to do beside computing.
struct FakeDeviceCounts {
  std::uint64_t host_to_device = 0;
  std::uint64_t device_to_host = 0;
  std::uint64_t device_to_device = 0;  // clones and conversions of type too
  std::uint64_t scalar_reads = 0;  // values or sizes the host waits for: `item`, `equal`, `nonzero`

  bool operator==(const FakeDeviceCounts&) const = default;
};

/// Counts since the start of the program or the last reset.
FakeDeviceCounts fake_device_counts();

void reset_fake_device_counts();

/// For GoogleTest's messages.
std::ostream& operator<<(std::ostream& out, const FakeDeviceCounts& counts);

}  // namespace fmnist
