#include "sim/kernels/isa.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>

using witin::kernels::Isa;
using witin::kernels::select_isa;

TEST_CASE("instruction sets: names, forcing, refusal") {
  CHECK(*select_isa("ref") == Isa::kRef);
  CHECK(*select_isa("auto") == witin::kernels::runnable_isas().back());
  for (const Isa isa : witin::kernels::runnable_isas()) CHECK(*select_isa(name(isa)) == isa);
  CHECK(select_isa("avx9").error().code == "isa.unknown");
  const auto built = witin::kernels::built_isas();
  CHECK(built.front() == Isa::kRef);
  if (std::find(built.begin(), built.end(), Isa::kNeon) == built.end()) {
    CHECK(select_isa("neon").error().code == "isa.not_built");
  }
}

TEST_CASE("instruction sets: the environment variable stands in for a missing choice only") {
  const char* const before = std::getenv("WITIN_ISA");
  const std::string saved = before == nullptr ? "" : before;
  setenv("WITIN_ISA", "ref", 1);
  CHECK(*select_isa() == Isa::kRef);
  CHECK(*select_isa("auto") == Isa::kRef);
  CHECK(*select_isa(name(witin::kernels::runnable_isas().back())) == witin::kernels::runnable_isas().back());
  setenv("WITIN_ISA", "nonsense", 1);
  CHECK(select_isa().error().where == "WITIN_ISA");
  saved.empty() ? unsetenv("WITIN_ISA") : setenv("WITIN_ISA", saved.c_str(), 1);
}
