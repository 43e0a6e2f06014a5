#include "sim/ops/registry.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "sim/array/lowering.hpp"
#include "sim/number_text.hpp"
#include "sim/ops/defs.hpp"

namespace witin::ops {
namespace {

const std::array kRegistry{
    // on the array
    &kLinear,
    &kConv2d,
    &kConvTranspose2d,
    &kTdnn,
    &kLstm,
    &kGru,
    &kGruSingle,
    &kGru2Array,
    // between layers and digital
    &kRequantize,
    &kRelu,
    &kLut,
    &kPrelu,
    &kAddWitin,
    &kAddChip,
    &kMulWitin,
    &kMulChip,
    &kDiv,
    &kCat,
    &kSqrt,
    &kInvSqrt,
    &kHypot,
    &kMean,
    &kBatchNorm,
    &kClnBn,
    &kMatmul,
    &kScale,
    &kShift,
    &kScalar,
    &kClearLowBits,
    &kFloatScale,
    &kAvgPool,
    &kMaxPool,
    &kGlobalAvgPool,
    &kSlice,
    &kReshape,
    &kPermute,
    &kConcat,
    &kSoftmax,
    &kSumNorm,
    &kGroupNorm,
    &kReduceMean,
};

std::string_view kind_name(AttributeKind kind) {
  static constexpr std::array<std::string_view, 6> kNames{"true or false", "an integer",         "a number",
                                                          "a string",      "a list of integers", "a list of numbers"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string show(const AttributeValue& value) {
  struct Show {
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(std::int64_t integer) const { return std::to_string(integer); }
    std::string operator()(double number) const { return number_text(number); }
    std::string operator()(const std::string& text) const { return '"' + text + '"'; }
    std::string operator()(const std::vector<std::int64_t>& list) const {
      return "a list of " + std::to_string(list.size()) + " integers";
    }
    std::string operator()(const std::vector<double>& list) const {
      return "a list of " + std::to_string(list.size()) + " numbers";
    }
  };
  return std::visit(Show{}, value);
}

bool is_one_of(std::string_view choices, std::string_view value) {
  while (!choices.empty()) {
    const std::size_t end = std::min(choices.find('|'), choices.size());
    if (choices.substr(0, end) == value) return true;
    choices.remove_prefix(std::min(end + 1, choices.size()));
  }
  return false;
}

bool is_integral(double number) { return std::trunc(number) == number && std::abs(number) < 9.0e15; }

bool has_kind(const AttributeValue& value, AttributeKind kind) {
  const auto* number = std::get_if<double>(&value);
  switch (kind) {
    case AttributeKind::kBool:
      return std::holds_alternative<bool>(value);
    case AttributeKind::kInteger:
      return std::holds_alternative<std::int64_t>(value) || (number != nullptr && is_integral(*number));
    case AttributeKind::kNumber:
      return std::holds_alternative<std::int64_t>(value) || number != nullptr;
    case AttributeKind::kString:
      return std::holds_alternative<std::string>(value);
    case AttributeKind::kIntegers:
      return std::holds_alternative<std::vector<std::int64_t>>(value);
    case AttributeKind::kNumbers:
      return std::holds_alternative<std::vector<std::int64_t>>(value) ||
             std::holds_alternative<std::vector<double>>(value);
  }
  return false;
}

// The numbers of an attribute, however it was written.
std::vector<double> numbers_in(const AttributeValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return {static_cast<double>(*integer)};
  if (const auto* number = std::get_if<double>(&value)) return {*number};
  if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&value)) {
    return {integers->begin(), integers->end()};
  }
  if (const auto* numbers = std::get_if<std::vector<double>>(&value)) return *numbers;
  return {};
}

std::string range_text(const AttributeRule& rule) {
  const bool has_lo = rule.lo > -std::numeric_limits<double>::max();
  const bool has_hi = rule.hi < std::numeric_limits<double>::max();
  if (rule.lo == std::numeric_limits<double>::denorm_min()) return "more than 0";
  if (has_lo && has_hi) return number_text(rule.lo) + ".." + number_text(rule.hi);
  return has_lo ? "at least " + number_text(rule.lo) : "at most " + number_text(rule.hi);
}

Status check_attribute(const NodeContext& context, const AttributeRule& rule, const AttributeValue& value) {
  if (!has_kind(value, rule.kind)) {
    return context.attribute_error(rule.name, "attribute.type", "attribute has the wrong type",
                                   std::string(kind_name(rule.kind)), show(value));
  }
  if (rule.kind == AttributeKind::kString && !rule.choices.empty() &&
      !is_one_of(rule.choices, std::get<std::string>(value))) {
    return context.attribute_error(rule.name, "attribute.value", "attribute has an unknown value",
                                   "one of " + std::string(rule.choices), show(value));
  }
  const std::vector<double> numbers = numbers_in(value);
  if (rule.count != 0 && numbers.size() != rule.count) {
    return context.attribute_error(rule.name, "attribute.count", "attribute has the wrong length",
                                   std::to_string(rule.count) + " numbers", show(value));
  }
  for (const double number : numbers) {
    if (!(rule.lo <= number && number <= rule.hi)) {
      return context.attribute_error(rule.name, "attribute.range", "attribute is out of range", range_text(rule),
                                     number_text(number));
    }
  }
  return {};
}

Status check_attributes(const NodeContext& context, const OpDef& op) {
  for (const auto& [name, value] : context.node().attributes) {
    const auto rule = std::ranges::find(op.attributes, name, &AttributeRule::name);
    if (rule == op.attributes.end()) {
      if (name.starts_with("x-")) continue;
      std::string known;
      for (const AttributeRule& other : op.attributes) known += (known.empty() ? "" : ", ") + std::string(other.name);
      return context.attribute_error(name, "attribute.unknown",
                                     "operator '" + std::string(op.name) + "' has no such attribute",
                                     known.empty() ? "no attributes" : "one of " + known, "'" + name + "'");
    }
    if (Status checked = check_attribute(context, *rule, value); !checked) return checked;
  }
  for (const AttributeRule& rule : op.attributes) {
    if (rule.required && !context.has(rule.name)) {
      return context.attribute_error(rule.name, "attribute.missing", "a required attribute is missing",
                                     std::string(kind_name(rule.kind)), "nothing");
    }
  }
  return {};
}

Status check_tensors(const NodeContext& context, const OpDef& op) {
  for (const auto& [role, index] : context.node().tensors) {
    const auto rule = std::ranges::find(op.tensors, role, &TensorRule::role);
    if (rule == op.tensors.end()) {
      std::string known;
      for (const TensorRule& other : op.tensors) known += (known.empty() ? "" : ", ") + std::string(other.role);
      return context.tensor_error(role, "tensor.unknown", "operator '" + std::string(op.name) + "' has no such tensor",
                                  known.empty() ? "no tensors" : "one of " + known, "'" + role + "'");
    }
    const Tensor& tensor = *context.tensor(role);
    if (!is_one_of(rule->dtypes, name(tensor.dtype))) {
      return context.tensor_error(role, "tensor.dtype", "tensor has a dtype the operator cannot use",
                                  std::string(rule->dtypes), std::string(name(tensor.dtype)));
    }
    if (rule->rank != 0 && tensor.shape.size() != rule->rank) {
      return context.tensor_error(role, "tensor.rank", "tensor has the wrong rank", std::to_string(rule->rank),
                                  to_string(tensor.shape));
    }
  }
  for (const TensorRule& rule : op.tensors) {
    if (rule.required && context.tensor(rule.role) == nullptr) {
      return context.tensor_error(rule.role, "tensor.missing", "a required tensor is missing", std::string(rule.dtypes),
                                  "nothing");
    }
  }
  return {};
}

Status check_arity(const NodeContext& context, const OpDef& op) {
  const std::size_t count = context.inputs().size();
  if (op.min_inputs <= count && count <= op.max_inputs) return {};
  const std::string expected =
      op.min_inputs == op.max_inputs ? std::to_string(op.min_inputs) : "at least " + std::to_string(op.min_inputs);
  return context.node_error("node.inputs", "operator '" + std::string(op.name) + "' has another number of inputs",
                            expected, std::to_string(count));
}

}  // namespace

std::span<const OpDef* const> registry() { return kRegistry; }

Result<std::unique_ptr<Operator>> prepare(const Package& package, const Node& node, Arithmetic arithmetic,
                                          std::span<const ValueType> inputs, kernels::Isa isa) {
  const NodeContext context(package, node, arithmetic, inputs, isa);
  const unsigned profile = 1U << static_cast<unsigned>(arithmetic);
  const auto op = std::ranges::find_if(kRegistry, [&](const OpDef* candidate) {
    return candidate->name == node.op && (candidate->profiles & profile) != 0;
  });
  if (op == kRegistry.end()) {
    const bool known = std::ranges::find(kRegistry, node.op, &OpDef::name) != kRegistry.end();
    return context.node_error(
        "node.unknown_operator",
        known ? "operator does not exist on profile " + std::string(name(arithmetic)) : "unknown operator",
        "an operator of sim/package/format.md", "'" + node.op + "'");
  }
  if (Status checked = check_arity(context, **op); !checked) return std::move(checked).error();
  if (Status checked = check_tensors(context, **op); !checked) return std::move(checked).error();
  if (Status checked = check_attributes(context, **op); !checked) return std::move(checked).error();
  Result<std::unique_ptr<Operator>> prepared = (*op)->prepare(context);
  if (!prepared) return prepared;
  if (Status checked = array::check_frame_size(context, (*prepared)->output().shape); !checked) {
    return std::move(checked).error();
  }
  return prepared;
}

}  // namespace witin::ops
