#include "sim/array/input_codes.hpp"

#include <algorithm>

#include "sim/ops/codes.hpp"

namespace witin::array {

Status check_codes(CodeRange allowed, const ops::ValueType& type, const void* codes, std::int64_t frames,
                   std::int64_t first_frame) {
  if (allowed.contains(type.range)) return {};
  const std::int64_t elements = type.elements();
  std::int64_t index = 0;
  std::int32_t value = 0;
  const std::int64_t count = frames * elements;
  ops::with_element(type.storage(), [&]<typename X>(X*) {
    const X* const x = static_cast<const X*>(codes);
    const X* const bad = std::find_if(x, x + count, [&](X code) { return code < allowed.lo || code > allowed.hi; });
    index = bad - x;
    if (bad != x + count) value = *bad;
  });
  if (index == count) return {};
  return Error{
      "run.code_range",
      "an input code is outside what the array is set up for",
      "frame " + std::to_string(first_frame + index / elements) + ", element " + std::to_string(index % elements),
      std::to_string(allowed.lo) + ".." + std::to_string(allowed.hi),
      std::to_string(value),
      "x_bits, x_signed and neg_in of the node say which codes it takes"};
}

CodeRange intersection(CodeRange a, CodeRange b) {
  const std::int32_t lo = std::max(a.lo, b.lo);
  return {lo, std::max(lo, std::min(a.hi, b.hi))};
}

}  // namespace witin::array
