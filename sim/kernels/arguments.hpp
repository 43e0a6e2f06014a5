// Public structs -> kernel arguments. Internal to sim/kernels.
#pragma once

#include "sim/kernels/fused_rule.hpp"
#include "sim/kernels/kernel_table.hpp"
#include "sim/kernels/matmul.hpp"

namespace witin::kernels {

[[nodiscard]] constexpr Element element(Storage storage) {
  switch (storage) {
    case Storage::kS8:
      return Element::kS8;
    case Storage::kU8:
      return Element::kU8;
    case Storage::kS16:
      return Element::kS16;
    case Storage::kS32:
      return Element::kS32;
  }
  return Element::kS32;
}

[[nodiscard]] inline OutputArgs output_args(const Output& out) {
  return {out.data, element(out.storage), out.row_stride, out.column_stride, out.row_offsets};
}

// The reference path always takes the exact form.
[[nodiscard]] inline RuleArgs rule_args(Isa isa, const FusedRule* rule, Storage storage) {
  if (rule == nullptr) return {};
  static constexpr RuleForm kForms[]{RuleForm::kQuarterF32, RuleForm::kEvenF32, RuleForm::kQuarterF64,
                                     RuleForm::kEvenF64,    RuleForm::kIeee,    RuleForm::kExact};
  const auto& n = rule->numbers();
  // Stores saturate to the element; |acc| * scale < 2^31 keeps the conversion to int32 in range.
  const CodeRange whole = signed_range(storage == Storage::kS8 ? 8 : 16);
  const bool quarter = rule->form() == FusedRule::Form::kQuarterF32;
  const bool saturates = quarter ? storage == Storage::kS8 && n.lo == 4 * whole.lo - 2 && n.hi == 4 * whole.hi + 1
                                 : n.lo == whole.lo && n.hi == whole.hi;
  return {.form = isa == Isa::kRef ? RuleForm::kExact : kForms[static_cast<std::size_t>(rule->form())],
          .clamp = !saturates || n.scale > 0.9,
          .scale = n.scale,
          .divisor = n.divisor,
          .multiplier = n.multiplier,
          .clip = n.clip,
          .lo = n.lo,
          .hi = n.hi,
          .exact_rule = &rule->rule(),
          .exact = [](const void* exact, std::int32_t acc) {
            return static_cast<const arith::OutputRule*>(exact)->y(acc);
          }};
}

}  // namespace witin::kernels
