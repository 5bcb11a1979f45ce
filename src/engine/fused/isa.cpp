#include "engine/fused/isa.h"

#include <fmt/format.h>

#include "engine/fused/targets.h"
// The order matters: Highway reads the macro of targets.h.
#include <hwy/targets.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "fmnist/core/error.h"

namespace fmnist {
namespace {

/// The names that `FMNIST_ISA` takes.
constexpr std::string_view kNames[] = {"avx512", "avx2", "portable"};

constexpr Isa kAll[] = {Isa::kAvx512, Isa::kAvx2, Isa::kPortable};

bool compiled_and_supported(Isa isa) {
  [[maybe_unused]] const auto usable = hwy::SupportedTargets() & HWY_TARGETS;
  switch (isa) {
    case Isa::kAvx512:
      return (usable & HWY_AVX3) != 0;
    case Isa::kAvx2:
      return (usable & HWY_AVX2) != 0;
    case Isa::kPortable:
      return true;
  }
  return false;
}

}  // namespace

std::vector<Isa> supported_isas() {
  std::vector<Isa> isas;
  std::copy_if(std::begin(kAll), std::end(kAll), std::back_inserter(isas), compiled_and_supported);
  return isas;
}

Isa choose_isa() {
  const auto supported = supported_isas();
  const char* const wanted = std::getenv("FMNIST_ISA");
  if (wanted == nullptr || *wanted == '\0') return supported.front();
  std::vector<std::string_view> names;
  for (const Isa isa : supported) names.push_back(kNames[static_cast<std::size_t>(isa)]);
  const auto* const name = std::find(std::begin(kNames), std::end(kNames), wanted);
  const std::string hint = fmt::format("unset it, or set it to one of: {}", fmt::join(names, ", "));
  if (name == std::end(kNames)) {
    throw Error(
        ErrorKind::kUsage,
        fmt::format("environment variable FMNIST_ISA is \"{}\", expected an instruction set: "
                    "avx512, avx2 or portable",
                    wanted),
        hint);
  }
  const Isa isa = kAll[name - std::begin(kNames)];
  if (std::find(supported.begin(), supported.end(), isa) == supported.end()) {
    throw Error(ErrorKind::kUsage,
                fmt::format("environment variable FMNIST_ISA asks for {}, which this machine does "
                            "not have",
                            wanted),
                hint);
  }
  return isa;
}

std::string to_string(Isa isa) {
  if (isa == Isa::kPortable && (HWY_STATIC_TARGET & HWY_NEON) != 0) return "neon";
  return std::string(kNames[static_cast<std::size_t>(isa)]);
}

}  // namespace fmnist
