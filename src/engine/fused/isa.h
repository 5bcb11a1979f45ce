#pragma once

#include <string>
#include <vector>

namespace fmnist {

/// Instruction sets with kernels of their own. `kPortable` is what the compiler was told to assume:
/// one lane at a time on x86-64, NEON on arm64.
enum class Isa { kAvx512, kAvx2, kPortable };

/// Those this machine has, the best first.
std::vector<Isa> supported_isas();

/// The best one, or the one that `FMNIST_ISA` (avx512, avx2, portable) names. Throws `Error`
/// (kUsage) when it names none or one this machine lacks.
Isa choose_isa();

/// The name for people and for results: "avx512", "avx2", "neon", "portable".
std::string to_string(Isa isa);

}  // namespace fmnist
