#include "sim/array/array_attributes.hpp"

#include <optional>

#include "sim/arith/bias.hpp"

namespace witin::array {
namespace {

using ops::AttributeKind;
using ops::AttributeRule;
using ops::NodeContext;

constexpr double kSmallest = std::numeric_limits<double>::denorm_min();
constexpr double kLargest = std::numeric_limits<double>::max();

NegIn parse_neg_in(const std::string& text) {
  if (text == "pn") return NegIn::kPn;
  return text == "shift" ? NegIn::kShift : NegIn::kNone;
}

Mode parse_mode(const std::string& text) {
  if (text == "digital") return Mode::kDigital;
  return text == "mix" ? Mode::kMix : Mode::kArray;
}

std::optional<double> optional_number(const NodeContext& context, std::string_view name) {
  if (!context.has(name)) return std::nullopt;
  return context.number(name, 0);
}

Error contradiction(const NodeContext& context, std::string_view attribute, std::string expected, std::string found,
                    std::string hint = {}) {
  return context.attribute_error(attribute, "attribute.contradiction", "attribute contradicts another one",
                                 std::move(expected), std::move(found), std::move(hint));
}

}  // namespace

CodeRange ArrayAttributes::x_range() const {
  if (neg_in == NegIn::kPn) return pn_range(x_bits);
  return x_signed ? signed_range(x_bits) : unsigned_range(x_bits);
}

std::vector<AttributeRule> with_array_attributes(std::vector<AttributeRule> own) {
  const std::vector<AttributeRule> shared{
      {.name = "g", .kind = AttributeKind::kNumber, .lo = kSmallest, .hi = kLargest},
      {.name = "divisor", .kind = AttributeKind::kNumber, .lo = kSmallest, .hi = kLargest},
      {.name = "multiplier", .kind = AttributeKind::kNumber, .lo = kSmallest, .hi = kLargest},
      {.name = "clip_value", .kind = AttributeKind::kNumber, .lo = 0, .hi = kLargest},
      {.name = "x_bits", .kind = AttributeKind::kInteger, .lo = 2, .hi = 12},
      {.name = "x_signed", .kind = AttributeKind::kBool},
      {.name = "neg_in", .kind = AttributeKind::kString, .choices = "none|pn|shift"},
      {.name = "shift", .kind = AttributeKind::kInteger, .lo = 0, .hi = 4095},
      {.name = "split", .kind = AttributeKind::kBool},
      {.name = "y_bits", .kind = AttributeKind::kInteger, .lo = 2, .hi = 16},
      {.name = "y_limit_bits", .kind = AttributeKind::kInteger, .lo = 2, .hi = 16},
      {.name = "bias_rows", .kind = AttributeKind::kInteger, .lo = 1, .hi = arith::kMaxBiasRows},
      {.name = "mode", .kind = AttributeKind::kString, .choices = "array|digital|mix"},
      {.name = "k_split", .kind = AttributeKind::kIntegers, .lo = 1, .hi = 1 << 30},
  };
  own.insert(own.end(), shared.begin(), shared.end());
  return own;
}

Result<ArrayAttributes> read_array_attributes(const NodeContext& context, bool split_by_default) {
  ArrayAttributes out;
  out.mode = parse_mode(context.text("mode", "array"));
  out.x_bits = static_cast<int>(context.integer("x_bits", 8));
  out.x_signed = context.flag("x_signed", false);
  out.neg_in = parse_neg_in(context.text("neg_in", "none"));
  out.shift = static_cast<std::int32_t>(context.integer("shift", 0));
  out.bias_rows = static_cast<int>(context.integer("bias_rows", 8));
  out.has_bias_rows = context.has("bias_rows");
  out.k_split = context.integers("k_split", {});

  if (out.x_signed && out.neg_in != NegIn::kNone) {
    return contradiction(context, "x_signed", "false with neg_in \"" + context.text("neg_in", "none") + '"', "true",
                         "neg_in already says how negative codes are driven");
  }
  if (out.shift != 0 && out.neg_in != NegIn::kShift) {
    return contradiction(context, "shift", "0 unless neg_in is \"shift\"", std::to_string(out.shift));
  }
  if (out.shift > out.x_range().hi) {
    return contradiction(context, "shift", "a code of x_bits, at most " + std::to_string(out.x_range().hi),
                         std::to_string(out.shift));
  }
  if (out.mode == Mode::kDigital && context.flag("split", false)) {
    return contradiction(context, "split", "false with mode \"digital\"", "true");
  }
  if (out.mode == Mode::kMix && !context.flag("split", true)) {
    return contradiction(context, "split", "true with mode \"mix\"", "false");
  }
  const bool split = out.mode == Mode::kMix || (out.mode == Mode::kArray && context.flag("split", split_by_default));
  out.split = split && out.x_bits > 8;

  out.rule.arithmetic = context.arithmetic();
  out.rule.g = optional_number(context, "g");
  out.rule.divisor = optional_number(context, "divisor");
  out.rule.multiplier = optional_number(context, "multiplier");
  out.rule.clip_value = optional_number(context, "clip_value");
  out.rule.digital = out.mode == Mode::kDigital;
  out.rule.y_bits = static_cast<int>(context.integer("y_bits", 8));
  out.rule.y_limit_bits = static_cast<int>(context.integer("y_limit_bits", 0));
  return out;
}

}  // namespace witin::array
