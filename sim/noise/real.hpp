// Real functions from exactly rounded operations alone, so that they give the same bits everywhere. For parameters and
// cells of a trial, not for inner loops.
#pragma once

namespace witin::noise {

// base^exponent for base in [1e-21, 1e21], |exponent| <= 1e3; within 1e-12 where the result is a normal number.
[[nodiscard]] double power(double base, double exponent);

}  // namespace witin::noise
