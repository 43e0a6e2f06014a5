// One configuration of the array attributes, as the oracle sees it and as a node carries it.
#pragma once

#include <random>

#include "tests/array/oracle.hpp"
#include "tests/support/op_runner.hpp"

namespace witin::test {

struct ArrayCase {
  oracle::Rule rule;
  int x_bits = 8;
  bool x_signed = false;
  NegIn neg_in = NegIn::kNone;
  std::int32_t shift = 0;
  bool split = false;  // as the attribute says; rule.split only where x_bits is above 8 too
  std::string mode = "array";

  [[nodiscard]] CodeRange x_range() const {
    if (neg_in == NegIn::kPn) return pn_range(x_bits);
    return x_signed ? signed_range(x_bits) : unsigned_range(x_bits);
  }

  // Every attribute is written down, so that the defaults of the operators do not matter.
  void describe(OpRunner& op) const {
    static constexpr const char* kNegIn[]{"none", "pn", "shift"};
    if (rule.divisor != 0) {
      op.attribute("divisor", rule.divisor).attribute("multiplier", rule.multiplier);
      if (rule.clip_value != 0) op.attribute("clip_value", static_cast<double>(rule.clip_value));
    } else {
      op.attribute("g", rule.g);
    }
    op.attribute("x_bits", std::int64_t{x_bits})
        .attribute("x_signed", x_signed)
        .attribute("neg_in", std::string(kNegIn[static_cast<std::size_t>(neg_in)]))
        .attribute("shift", std::int64_t{shift})
        .attribute("split", split)
        .attribute("y_bits", std::int64_t{rule.y_bits})
        .attribute("mode", mode);
    if (rule.y_limit_bits != 0) op.attribute("y_limit_bits", std::int64_t{rule.y_limit_bits});
  }
};

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  std::int64_t operator()(std::int64_t lo, std::int64_t hi) {
    return lo + static_cast<std::int64_t>(engine_() % static_cast<std::uint64_t>(hi - lo + 1));
  }
  Codes codes(std::int64_t count, CodeRange range) {
    Codes out;
    for (std::int64_t i = 0; i < count; ++i) out.push_back(static_cast<std::int32_t>((*this)(range.lo, range.hi)));
    return out;
  }
  template <typename T>
  std::vector<T> vector(std::int64_t count, std::int64_t lo, std::int64_t hi, std::int64_t unit = 1) {
    std::vector<T> out;
    for (std::int64_t i = 0; i < count; ++i) out.push_back(static_cast<T>((*this)(lo, hi) * unit));
    return out;
  }

  // Any configuration a node may have; codes wider than 8 bits where the width says so. `may_shift`: transposed
  // convolutions cannot.
  ArrayCase array_case(bool may_shift) {
    ArrayCase out;
    out.rule.arithmetic = static_cast<Arithmetic>((*this)(0, 2));
    out.x_bits = static_cast<int>((*this)(2, 12));
    const auto sign = (*this)(0, may_shift ? 3 : 2);
    out.x_signed = sign == 1;
    out.neg_in = sign == 2 ? NegIn::kPn : sign == 3 ? NegIn::kShift : NegIn::kNone;
    out.rule.pn = sign == 2;
    if (sign == 3) out.shift = static_cast<std::int32_t>((*this)(0, out.x_range().hi));
    out.rule.g = (*this)(0, 1) == 0 ? std::int64_t{1} << (*this)(0, 13) : (*this)(1, 5000);
    out.rule.y_bits = static_cast<int>((*this)(2, 12));
    if ((*this)(0, 3) == 0) out.rule.y_limit_bits = static_cast<int>((*this)(2, out.rule.y_bits));
    const auto mode = (*this)(0, 7);
    if (mode == 0) out.mode = "digital";
    if (mode == 1) out.mode = "mix";
    out.rule.digital = mode == 0;
    out.split = mode == 1 || (mode != 0 && (*this)(0, 1) == 0);
    out.rule.split = out.split && out.x_bits > 8;
    if (out.rule.arithmetic == Arithmetic::kWitinNn && mode > 1 && (*this)(0, 2) == 0) {
      out.rule.divisor = (*this)(1, 5000);
      out.rule.multiplier = (*this)(1, out.rule.divisor);
      if ((*this)(0, 1) == 0) out.rule.clip_value = static_cast<float>((*this)(1, 1000)) / 8.0F;
    }
    return out;
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace witin::test
