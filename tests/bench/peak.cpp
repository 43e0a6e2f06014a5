// What this core can do at best: products a second of each path's inner instructions on registers, and bytes a second
// read from the caches.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>

#if defined(__x86_64__)
#include <immintrin.h>

namespace {

constexpr std::int64_t kSteps = 1000;

// `instructions` work on accumulator %0 with the operands %1 and %2 and the free register named; 12 accumulators.
#define WITIN_PEAK(name, feature, vector, letter, scratch, instructions, macs)             \
  __attribute__((target(feature))) void name(benchmark::State& state) {                    \
    vector acc[12] = {};                                                                   \
    vector x = {};                                                                         \
    vector w = {};                                                                         \
    for (auto _ : state) {                                                                 \
      for (std::int64_t i = 0; i < kSteps; ++i) {                                          \
        asm volatile(instructions : "+" letter(acc[0]) : letter(x), letter(w) : scratch);  \
        asm volatile(instructions : "+" letter(acc[1]) : letter(x), letter(w) : scratch);  \
        asm volatile(instructions : "+" letter(acc[2]) : letter(x), letter(w) : scratch);  \
        asm volatile(instructions : "+" letter(acc[3]) : letter(x), letter(w) : scratch);  \
        asm volatile(instructions : "+" letter(acc[4]) : letter(x), letter(w) : scratch);  \
        asm volatile(instructions : "+" letter(acc[5]) : letter(x), letter(w) : scratch);  \
        asm volatile(instructions : "+" letter(acc[6]) : letter(x), letter(w) : scratch);  \
        asm volatile(instructions : "+" letter(acc[7]) : letter(x), letter(w) : scratch);  \
        asm volatile(instructions : "+" letter(acc[8]) : letter(x), letter(w) : scratch);  \
        asm volatile(instructions : "+" letter(acc[9]) : letter(x), letter(w) : scratch);  \
        asm volatile(instructions : "+" letter(acc[10]) : letter(x), letter(w) : scratch); \
        asm volatile(instructions : "+" letter(acc[11]) : letter(x), letter(w) : scratch); \
      }                                                                                    \
    }                                                                                      \
    state.counters["macs"] = 12.0 * kSteps * (macs);                                       \
  }

WITIN_PEAK(peak_avx512vnni, "avx512vnni", __m512i, "v", "xmm15", "vpdpbusd %2, %1, %0", 64)
WITIN_PEAK(peak_avx512bw, "avx512bw", __m512i, "v", "xmm15", "vpmaddwd %2, %1, %%zmm15\n\tvpaddd %%zmm15, %0, %0", 32)
WITIN_PEAK(peak_avx2, "avx2", __m256i, "x", "xmm15", "vpmaddwd %2, %1, %%ymm15\n\tvpaddd %%ymm15, %0, %0", 16)
WITIN_PEAK(peak_sse2, "sse2", __m128i, "x", "xmm15", "movdqa %1, %%xmm15\n\tpmaddwd %2, %%xmm15\n\tpaddd %%xmm15, %0",
           8)

struct Free {
  void operator()(void* p) const { std::free(p); }
};

// Reads `bytes` over and over with the widest loads of `feature`.
template <typename Read>
void read_cache(benchmark::State& state, Read read) {
  const auto bytes = static_cast<std::size_t>(state.range(0));
  const std::unique_ptr<void, Free> memory(std::aligned_alloc(64, bytes));
  std::fill_n(static_cast<char*>(memory.get()), bytes, char{1});
  for (auto _ : state) read(static_cast<const char*>(memory.get()), bytes);
  state.counters["bytes"] = static_cast<double>(bytes);
}

__attribute__((target("avx512f"))) void read_512(const char* p, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; i += 256) {
    asm volatile(
        "vmovdqa64 (%0), %%zmm0\n\tvmovdqa64 64(%0), %%zmm1\n\tvmovdqa64 128(%0), %%zmm2\n\t"
        "vmovdqa64 192(%0), %%zmm3" ::"r"(p + i)
        : "xmm0", "xmm1", "xmm2", "xmm3", "memory");
  }
}

bool register_peaks() {
  if (__builtin_cpu_supports("avx512vnni")) benchmark::RegisterBenchmark("peak/avx512vnni", peak_avx512vnni);
  if (__builtin_cpu_supports("avx512bw")) benchmark::RegisterBenchmark("peak/avx512bw", peak_avx512bw);
  if (__builtin_cpu_supports("avx2")) benchmark::RegisterBenchmark("peak/avx2", peak_avx2);
  benchmark::RegisterBenchmark("peak/sse2", peak_sse2);
  if (__builtin_cpu_supports("avx512f")) {
    auto* read = benchmark::RegisterBenchmark("read", [](benchmark::State& s) { read_cache(s, read_512); });
    for (const std::int64_t bytes : {16 << 10, 392 * 384, 800 * 256, 512 << 10, 2 << 20}) read->Arg(bytes);
  }
  return true;
}

[[maybe_unused]] const bool kRegistered = register_peaks();

}  // namespace
#endif
