// A target as libFuzzer calls it. WITIN_FUZZ_TARGET is its name.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/fuzz/check.hpp"
#include "tests/fuzz/mutate/mutate.hpp"
#include "tests/fuzz/targets.hpp"

namespace {

using namespace witin::fuzz;

const Target& target() {
  static const Target& found = *std::ranges::find(kTargets, WITIN_FUZZ_TARGET, &Target::name);
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    target().run(std::as_bytes(std::span(data, size)));
  } catch (const Finding& finding) {
    std::fprintf(stderr, "finding: %s\n", finding.what.c_str());
    std::abort();
  }
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most,
                                               unsigned int seed) {
  Random random(seed);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string changed = mutate(target().form, text, most, random);
  if (changed.empty() || changed.size() > most) return LLVMFuzzerMutate(data, size, most);
  std::memcpy(data, changed.data(), changed.size());
  return changed.size();
}
