// Which instruction sets this build has kernels for, which of them this machine can run, and which one to use.
//
// Every path computes the same bits; forcing one changes speed only.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "witin/error.hpp"

namespace witin::kernels {

// kRef is the normative triple loop and is always built. Order: slowest to fastest.
enum class Isa : std::uint8_t { kRef, kSse2, kAvx2, kAvx512bw, kAvx512vnni, kNeon };

[[nodiscard]] std::string_view name(Isa isa);  // "ref", "sse2", "avx2", "avx512bw", "avx512vnni", "neon"

[[nodiscard]] std::vector<Isa> built_isas();     // slowest first; never empty
[[nodiscard]] std::vector<Isa> runnable_isas();  // the built ones that processor and operating system support

// `forced`: a name, or "" / "auto" for the environment variable WITIN_ISA, and where that is unset or "auto" the
// fastest runnable one. Errors: "isa.unknown", "isa.not_built", "isa.not_supported".
[[nodiscard]] Result<Isa> select_isa(std::string_view forced = {});

// Multiply-accumulates a second this core does at best on a path: its widest multiplications of 8-bit codes (16-bit
// where it has none of 8) on registers, the fastest of several short measurements. 0 for kRef, which has no bound.
[[nodiscard]] double measure_peak(Isa isa);

}  // namespace witin::kernels
