// The attributes every operator on the array shares, parsed and checked once.
//
// Contract: sim/package/format.md, "array attribute". `k_split`, an extension of this program: row counts of the parts
// a matrix taller than the array is cut into, in array row order (linear: the weight's rows; convolutions: kw
// outermost, then kh, then channel). Each part is converted on its own, the bias lies in the first part, and the
// parts are summed digitally: y = sat(sum_p rule(acc_p)), every part and the sum saturated to y_bits.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/arith/output_rule.hpp"
#include "sim/ops/node_context.hpp"
#include "sim/ops/registry.hpp"

namespace witin::array {

enum class Mode : std::uint8_t {
  kArray,
  kDigital,  // not on the array: no noise, any bias, no limit on rows
  kMix,      // the low 8 bits on the array, the rest digital: always split
};

struct ArrayAttributes {
  arith::OutputRuleSpec rule;
  int x_bits = 8;
  bool x_signed = false;
  NegIn neg_in = NegIn::kNone;
  std::int32_t shift = 0;  // code of a padded pixel, 0 unless neg_in is "shift"
  bool split = false;      // low 8 bits on the array, the rest digital; never true for x_bits <= 8
  int bias_rows = 8;       // 1..32
  bool has_bias_rows = false;
  Mode mode = Mode::kArray;
  std::vector<std::int64_t> k_split;  // empty: one part

  // The codes a node with these attributes accepts.
  [[nodiscard]] CodeRange x_range() const;
};

// The rules of these attributes, to be appended to an operator's own.
[[nodiscard]] std::vector<ops::AttributeRule> with_array_attributes(std::vector<ops::AttributeRule> own);

// `split_by_default`: what an absent `split` means for this operator. Errors: contradictory attributes.
[[nodiscard]] Result<ArrayAttributes> read_array_attributes(const ops::NodeContext& context, bool split_by_default);

}  // namespace witin::array
