// The output rule on blocks of accumulators. Part of body.hpp.
#pragma once

namespace {

using witin::kernels::RuleArgs;
using witin::kernels::RuleForm;

constexpr std::int64_t kQuad = 4 * Simd::kLanes;  // accumulators that become one vector of s8 codes

constexpr bool is_quarter(RuleForm form) { return form == RuleForm::kQuarterF32 || form == RuleForm::kQuarterF64; }

// acc -> t of the quarter forms, or y of the others, in int32.
template <RuleForm kForm, bool kClamp>
struct Convert {
  explicit Convert(const RuleArgs& rule)
      : rule_(rule),
        scale_(Simd::splat(static_cast<float>(rule.scale))),
        lo_(Simd::splat(static_cast<float>(rule.lo))),
        hi_(Simd::splat(static_cast<float>(rule.hi))) {}

  WITIN_INLINE Simd::I operator()(Simd::I acc) const {
    if constexpr (kForm == RuleForm::kQuarterF64 || kForm == RuleForm::kEvenF64) {
      return Simd::scale_f64(acc, rule_.scale, rule_.lo, rule_.hi, kForm == RuleForm::kEvenF64);
    } else {
      Simd::F f = Simd::to_f32(acc);
      if constexpr (kForm == RuleForm::kIeee) {
        f = Simd::div(f, Simd::splat(rule_.divisor));
        f = Simd::mul(Simd::clamp(f, Simd::splat(-rule_.clip), Simd::splat(rule_.clip)), Simd::splat(rule_.multiplier));
      } else {
        f = Simd::mul(f, scale_);
      }
      if constexpr (kClamp) f = Simd::clamp(f, lo_, hi_);
      if constexpr (is_quarter(kForm)) return Simd::trunc(f);
      return Simd::rne(f);
    }
  }

 private:
  const RuleArgs& rule_;
  Simd::F scale_, lo_, hi_;
};

// count is a multiple of kQuad.
template <RuleForm kForm, bool kClamp>
void codes8(const RuleArgs& rule, const std::int32_t* acc, std::int64_t count, void* out) {
  const Convert<kForm, kClamp> convert(rule);
  const Simd::I two = Simd::splat16(2);
  for (std::int64_t i = 0; i < count; i += kQuad) {
    Simd::I low = Simd::pack16(convert(Simd::load(acc + i)), convert(Simd::load(acc + i + Simd::kLanes)));
    Simd::I high =
        Simd::pack16(convert(Simd::load(acc + i + 2 * Simd::kLanes)), convert(Simd::load(acc + i + 3 * Simd::kLanes)));
    if constexpr (is_quarter(kForm)) {
      low = Simd::sra2_16(Simd::adds16(low, two));
      high = Simd::sra2_16(Simd::adds16(high, two));
    }
    Simd::store(static_cast<std::int8_t*>(out) + i, Simd::order8(Simd::pack8(low, high)));
  }
}

template <RuleForm kForm, bool kClamp>
void codes16(const RuleArgs& rule, const std::int32_t* acc, std::int64_t count, void* out) {
  const Convert<kForm, kClamp> convert(rule);
  const Simd::I two = Simd::splat(std::int32_t{2});
  for (std::int64_t i = 0; i < count; i += 2 * Simd::kLanes) {
    Simd::I low = convert(Simd::load(acc + i));
    Simd::I high = convert(Simd::load(acc + i + Simd::kLanes));
    if constexpr (is_quarter(kForm)) {
      low = Simd::sra2(Simd::add(low, two));
      high = Simd::sra2(Simd::add(high, two));
    }
    Simd::store(static_cast<std::int16_t*>(out) + i, Simd::order16(Simd::pack16(low, high)));
  }
}

void codes_exact(const RuleArgs& rule, const std::int32_t* acc, std::int64_t count, void* out, Element element) {
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int32_t y = rule.exact(rule.exact_rule, acc[i]);
    if (element == Element::kS8) {
      static_cast<std::int8_t*>(out)[i] = static_cast<std::int8_t>(y);
    } else {
      static_cast<std::int16_t*>(out)[i] = static_cast<std::int16_t>(y);
    }
  }
}

// Blocks of kQuad accumulators -> codes; element kS8 or kS16, form not kNone.
void codes_of(const RuleArgs& rule, const std::int32_t* acc, std::int64_t count, void* out, Element element) {
  const bool s8 = element == Element::kS8;
  switch (rule.form) {
    case RuleForm::kNone:
      return;
    case RuleForm::kQuarterF32:
      if (s8 && !rule.clamp) return codes8<RuleForm::kQuarterF32, false>(rule, acc, count, out);
      return (s8 ? codes8<RuleForm::kQuarterF32, true> : codes16<RuleForm::kQuarterF32, true>)(rule, acc, count, out);
    case RuleForm::kEvenF32:
      if (s8 && !rule.clamp) return codes8<RuleForm::kEvenF32, false>(rule, acc, count, out);
      return (s8 ? codes8<RuleForm::kEvenF32, true> : codes16<RuleForm::kEvenF32, true>)(rule, acc, count, out);
    case RuleForm::kQuarterF64:
      return (s8 ? codes8<RuleForm::kQuarterF64, true> : codes16<RuleForm::kQuarterF64, true>)(rule, acc, count, out);
    case RuleForm::kEvenF64:
      return (s8 ? codes8<RuleForm::kEvenF64, true> : codes16<RuleForm::kEvenF64, true>)(rule, acc, count, out);
    case RuleForm::kIeee:
      return (s8 ? codes8<RuleForm::kIeee, true> : codes16<RuleForm::kIeee, true>)(rule, acc, count, out);
    case RuleForm::kExact:
      return codes_exact(rule, acc, count, out, element);
  }
}

void apply_rule(const RuleArgs& rule, const std::int32_t* acc, std::int64_t count, void* codes, Element element) {
  const std::int64_t whole = count / kQuad * kQuad;
  const std::int64_t size = element == Element::kS8 ? 1 : 2;
  codes_of(rule, acc, whole, codes, element);
  if (whole == count) return;
  alignas(64) std::int32_t last[kQuad] = {};
  alignas(64) std::int16_t last_codes[kQuad];
  copy_bytes(last, acc + whole, (count - whole) * 4);
  codes_of(rule, last, kQuad, last_codes, element);
  copy_bytes(static_cast<char*>(codes) + whole * size, last_codes, (count - whole) * size);
}

}  // namespace
