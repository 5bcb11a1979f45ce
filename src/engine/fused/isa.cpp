#include "engine/fused/isa.h"

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

std::string names(const std::vector<Isa>& isas) {
  std::string text;
  for (const Isa isa : isas) {
    if (!text.empty()) text += ", ";
    text += kNames[static_cast<std::size_t>(isa)];
  }
  return text;
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
  const auto* const name = std::find(std::begin(kNames), std::end(kNames), wanted);
  const std::string hint = "unset it, or set it to one of: " + names(supported);
  if (name == std::end(kNames)) {
    throw Error(ErrorKind::kUsage,
                "environment variable FMNIST_ISA is \"" + std::string(wanted) +
                    "\", expected an instruction set: avx512, avx2 or portable",
                hint);
  }
  const Isa isa = kAll[name - std::begin(kNames)];
  if (std::find(supported.begin(), supported.end(), isa) == supported.end()) {
    throw Error(ErrorKind::kUsage,
                "environment variable FMNIST_ISA asks for " + std::string(wanted) +
                    ", which this machine does not have",
                hint);
  }
  return isa;
}

std::string to_string(Isa isa) {
  if (isa == Isa::kPortable && (HWY_STATIC_TARGET & HWY_NEON) != 0) return "neon";
  return std::string(kNames[static_cast<std::size_t>(isa)]);
}

}  // namespace fmnist
