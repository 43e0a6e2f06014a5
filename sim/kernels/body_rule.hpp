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

// Two vectors of what Convert gives -> one of s16 codes, saturating.
template <bool kQuarter>
WITIN_INLINE Simd::I pack_half(Simd::I a, Simd::I b) {
  const Simd::I packed = Simd::pack16(a, b);
  return kQuarter ? Simd::sra2_16(Simd::adds16(packed, Simd::splat16(2))) : packed;
}

// Four vectors of what Convert gives -> one of s8 codes, in lane order, saturating.
template <bool kQuarter>
WITIN_INLINE Simd::I pack_codes(Simd::I a, Simd::I b, Simd::I c, Simd::I d) {
  return Simd::pack8(pack_half<kQuarter>(a, b), pack_half<kQuarter>(c, d));
}

template <RuleForm kForm, bool kClamp>
WITIN_INLINE Simd::I quad8(const Convert<kForm, kClamp>& convert, Simd::I a, Simd::I b, Simd::I c, Simd::I d) {
  return pack_codes<is_quarter(kForm)>(convert(a), convert(b), convert(c), convert(d));
}

// count is a multiple of kQuad; the codes of quad q go to out + q * quad_bytes. kInLane: accumulator 4 * (kBlockLanes *
// i + lane) + c of a quad is column 16 * lane + 4 * i + c, else columns are in order.
template <RuleForm kForm, bool kClamp, bool kInLane>
void codes8(const RuleArgs& rule, const std::int32_t* acc, std::int64_t count, char* out, std::int64_t quad_bytes) {
  const Convert<kForm, kClamp> convert(rule);
  for (std::int64_t i = 0; i < count; i += kQuad) {
    const std::int32_t* const at = acc + i;
    const Simd::I codes = quad8(convert, Simd::load(at), Simd::load(at + Simd::kLanes),
                                Simd::load(at + 2 * Simd::kLanes), Simd::load(at + 3 * Simd::kLanes));
    Simd::store(out, kInLane ? codes : Simd::order8(codes));
    out += quad_bytes;
  }
}

template <RuleForm kForm, bool kClamp>
void codes16(const RuleArgs& rule, const std::int32_t* acc, std::int64_t count, char* out, std::int64_t quad_bytes) {
  const Convert<kForm, kClamp> convert(rule);
  const Simd::I two = Simd::splat(std::int32_t{2});
  const auto half = [&](const std::int32_t* from) {
    Simd::I low = convert(Simd::load(from));
    Simd::I high = convert(Simd::load(from + Simd::kLanes));
    if constexpr (is_quarter(kForm)) {
      low = Simd::sra2(Simd::add(low, two));
      high = Simd::sra2(Simd::add(high, two));
    }
    return Simd::order16(Simd::pack16(low, high));
  };
  for (std::int64_t i = 0; i < count; i += kQuad) {
    Simd::store(out, half(acc + i));
    Simd::store(out + kQuad, half(acc + i + kQuad / 2));
    out += quad_bytes;
  }
}

template <typename Code>
void codes_exact(const RuleArgs& rule, const std::int32_t* acc, std::int64_t count, char* out,
                 std::int64_t quad_bytes) {
  for (std::int64_t i = 0; i < count; i += kQuad, out += quad_bytes) {
    for (std::int64_t j = 0; j < kQuad; ++j) {
      reinterpret_cast<Code*>(out)[j] = static_cast<Code>(rule.exact(rule.exact_rule, acc[i + j]));
    }
  }
}

// Quads of accumulators -> codes. What a rule and an element (kS8 or kS16) need; null for raw accumulators.
using Codes = void (*)(const RuleArgs&, const std::int32_t* acc, std::int64_t count, char* out,
                       std::int64_t quad_bytes);

template <RuleForm kForm, bool kInLane>
Codes choose_codes(bool clamp, bool s8) {
  if (!s8) return &codes16<kForm, true>;
  if constexpr (kForm == RuleForm::kQuarterF32 || kForm == RuleForm::kEvenF32) {
    if (!clamp) return &codes8<kForm, false, kInLane>;
  }
  return &codes8<kForm, true, kInLane>;
}

// kInLane applies to s8 codes only; a kExact rule has no form for it.
template <bool kInLane>
Codes choose_codes(const RuleArgs& rule, Element element) {
  const bool s8 = element == Element::kS8;
  switch (rule.form) {
    case RuleForm::kNone:
      return nullptr;
    case RuleForm::kQuarterF32:
      return choose_codes<RuleForm::kQuarterF32, kInLane>(rule.clamp, s8);
    case RuleForm::kEvenF32:
      return choose_codes<RuleForm::kEvenF32, kInLane>(rule.clamp, s8);
    case RuleForm::kQuarterF64:
      return choose_codes<RuleForm::kQuarterF64, kInLane>(true, s8);
    case RuleForm::kEvenF64:
      return choose_codes<RuleForm::kEvenF64, kInLane>(true, s8);
    case RuleForm::kIeee:
      return choose_codes<RuleForm::kIeee, kInLane>(true, s8);
    case RuleForm::kExact:
      return s8 ? &codes_exact<std::int8_t> : &codes_exact<std::int16_t>;
  }
  return nullptr;
}

void apply_rule(const RuleArgs& rule, const std::int32_t* acc, std::int64_t count, void* codes, Element element) {
  const std::int64_t whole = count / kQuad * kQuad;
  const std::int64_t size = element == Element::kS8 ? 1 : 2;
  const Codes run = choose_codes<false>(rule, element);
  run(rule, acc, whole, static_cast<char*>(codes), kQuad * size);
  if (whole == count) return;
  alignas(64) std::int32_t last[kQuad] = {};
  alignas(64) char last_codes[kQuad * 2];
  copy_bytes(last, acc + whole, (count - whole) * 4);
  run(rule, last, kQuad, last_codes, kQuad * size);
  copy_bytes(static_cast<char*>(codes) + whole * size, last_codes, (count - whole) * size);
}

}  // namespace
