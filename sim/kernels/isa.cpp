#include "sim/kernels/isa.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

#include "sim/kernels/kernel_table.hpp"

#if defined(WITIN_KERNELS_NEON)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace witin::kernels {
namespace {

constexpr std::array<std::string_view, 6> kNames{"ref", "sse2", "avx2", "avx512bw", "avx512vnni", "neon"};

struct Path {
  Isa isa;
  const KernelTable* kernels;
  bool (*supported)();
};

bool always() { return true; }

#if defined(WITIN_KERNELS_X86)
bool has_avx512bw() {
  return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
         __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512dq") != 0;
}
#endif

// Slowest first. __builtin_cpu_supports also asks whether the operating system saves the registers.
constexpr std::array kPaths {
  Path{Isa::kRef, &kRefKernels, always},
#if defined(WITIN_KERNELS_X86)
      Path{Isa::kSse2, &kSse2Kernels, always},
      Path{Isa::kAvx2, &kAvx2Kernels, [] { return __builtin_cpu_supports("avx2") != 0; }},
      Path{Isa::kAvx512bw, &kAvx512bwKernels, has_avx512bw},
      Path{Isa::kAvx512vnni, &kAvx512vnniKernels,
           [] { return has_avx512bw() && __builtin_cpu_supports("avx512vnni") != 0; }},
#elif defined(WITIN_KERNELS_NEON)
      Path{Isa::kNeon, &kNeonKernels, [] { return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0; }},
#endif
};

const Path* find(Isa isa) {
  const auto* it = std::find_if(kPaths.begin(), kPaths.end(), [isa](const Path& path) { return path.isa == isa; });
  return it == kPaths.end() ? nullptr : it;
}

std::string list(const std::vector<Isa>& isas) {
  std::string out;
  for (const Isa isa : isas) (out += out.empty() ? "" : ", ") += name(isa);
  return out;
}

}  // namespace

std::string_view name(Isa isa) { return kNames[static_cast<std::size_t>(isa)]; }

std::vector<Isa> built_isas() {
  std::vector<Isa> isas;
  isas.reserve(std::size(kPaths));
  for (const Path& path : kPaths) isas.push_back(path.isa);
  return isas;
}

std::vector<Isa> runnable_isas() {
  std::vector<Isa> isas;
  for (const Path& path : kPaths) {
    if (path.supported()) isas.push_back(path.isa);
  }
  return isas;
}

Result<Isa> select_isa(std::string_view forced) {
  const char* const environment = std::getenv("WITIN_ISA");  // NOLINT(concurrency-mt-unsafe)
  const bool from_environment = (forced.empty() || forced == "auto") && environment != nullptr;
  const std::string_view wanted = from_environment ? environment : forced;
  const std::string where = from_environment ? "WITIN_ISA" : "--isa";
  if (wanted.empty() || wanted == "auto") return runnable_isas().back();
  const auto* known = std::find(kNames.begin(), kNames.end(), wanted);
  if (known == kNames.end()) {
    return Error{
        "isa.unknown", "not an instruction set", where, "auto, " + list(built_isas()), std::string(wanted), ""};
  }
  const Path* path = find(static_cast<Isa>(known - kNames.begin()));
  if (path == nullptr) {
    return Error{"isa.not_built", "this build has no such kernels", where, list(built_isas()), std::string(wanted), ""};
  }
  if (!path->supported()) {
    return Error{"isa.not_supported",
                 "this machine cannot run these kernels",
                 where,
                 list(runnable_isas()),
                 std::string(wanted),
                 ""};
  }
  return path->isa;
}

const KernelTable& kernel_table(Isa isa) {
  const Path* path = find(isa);
  return path == nullptr ? kRefKernels : *path->kernels;
}

}  // namespace witin::kernels
