// scale: y = sat8(x * value)
//
//   value*    an integer in [-128, 127], or +-2^-n: x or -x shifted right by n with rounding. n is 1..31
//   rounding  of the right shift: "half_up", "floor", "half_even", "trunc", "half_away". Default "half_up"
// Source: the chip's Scale where it does not follow an array operation; documented, its rounding inferred from Mul.
#include <cmath>

#include "sim/number_text.hpp"
#include "sim/ops/attributes.hpp"
#include "sim/ops/code_map.hpp"
#include "sim/ops/defs.hpp"

namespace witin::ops {
namespace {

Result<std::unique_ptr<Operator>> prepare_scale(const NodeContext& context) {
  const double value = context.number("value", 1);
  if (std::trunc(value) == value) {
    const auto factor = static_cast<std::int64_t>(value);
    return make_code_map(context, [=](std::int32_t x) { return arith::sat(x * factor, 8); });
  }
  int exponent = 0;
  const double mantissa = std::frexp(value, &exponent);
  if (std::abs(mantissa) != 0.5 || exponent < -30 || exponent > 0) {
    return context.attribute_error("value", "attribute.value", "the chip cannot multiply by this number",
                                   "an integer in [-128, 127] or +-2^-n", number_text(value));
  }
  const std::int64_t sign = value < 0 ? -1 : 1;
  const auto rounding = rounding_of(context, arith::Rounding::kHalfUp);
  return make_code_map(context,
                       [=](std::int32_t x) { return arith::sat(arith::shift(sign * x, exponent - 1, rounding), 8); });
}

}  // namespace

const OpDef kScale{
    "scale", kOnAll, 1, 1, {}, {{"value", AttributeKind::kNumber, true, -128, 127}, rounding_rule()}, prepare_scale};

}  // namespace witin::ops
