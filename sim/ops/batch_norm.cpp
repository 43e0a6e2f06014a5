// batch_norm: three algorithms, by the tensors of the node; one entry a channel (first axis of the frame)
//
// weight, bias: y = clip(rne(f32(f32(x * weight + bias) / f32(scale_x * scale_weight / scale_y)))), the sum exact
//   weight*, bias*  codes
//   scale_x*, scale_weight*, scale_y*
// mean, std:    y = clip(rne(f32(f32(f32(x - mean) / f32(std + f32(eps))) * scale_y)))
//   mean*, std*     codes, std >= 0
//   eps*            added to the code std; may be 0 only where no std is: 0 / 0 has no code
//   scale_y*        (scale_x and scale_weight have no effect)
// alpha, beta:  y = sat8(round(((x * scale_in) * alpha + beta) / scale_out)), in double: the float event of the chip's
//               microcontroller, with the normalisation folded into alpha and beta
//   alpha*, beta*   float32 or float64, finite
//   scale_in, scale_out  default 1
//   rounding        "half_up" is floor(v + 0.5); "floor", "half_even", "trunc", "half_away". Default "half_up"
// y_bits of the first two: 2..16, default 8.
// Sources: the training library; the event's structure is documented, its rounding is a guess.
#include <algorithm>
#include <array>
#include <cmath>

#include "sim/arith/float32.hpp"
#include "sim/number_text.hpp"
#include "sim/ops/attributes.hpp"
#include "sim/ops/channels.hpp"
#include "sim/ops/defs.hpp"

namespace witin::ops {
namespace {

struct Form {
  std::array<std::string_view, 2> tensors;
  std::vector<std::string_view> needs;     // attributes
  std::vector<std::string_view> may_have;  // attributes
  Result<std::unique_ptr<Operator>> (*prepare)(const NodeContext&, std::size_t channels);
};

Result<std::unique_ptr<Operator>> prepare_affine(const NodeContext& context, std::size_t channels) {
  const auto g = static_cast<float>(context.number("scale_x", 1) * context.number("scale_weight", 1) /
                                    context.number("scale_y", 1));
  const CodeRange range = output_range(context, true);
  return {make_channel_map(
      context, range, channels,
      [=, weight = context.integers_of("weight"), bias = context.integers_of("bias")](std::size_t c, std::int32_t x) {
        const std::int64_t acc = std::int64_t{x} * weight[c] + bias[c];
        return arith::clamp(arith::rne(static_cast<float>(acc) / g), range);
      })};
}

Result<std::unique_ptr<Operator>> prepare_plain(const NodeContext& context, std::size_t channels) {
  const float eps = f32_of(context, "eps");
  std::vector<float> divisors;
  for (const std::int32_t code : context.integers_of("std")) {
    if (code < 0) {
      return context.tensor_error("std", "tensor.range", "a standard deviation is negative", "codes >= 0",
                                  std::to_string(code));
    }
    divisors.push_back(static_cast<float>(code) + eps);
    if (divisors.back() == 0) {
      return context.attribute_error("eps", "attribute.value", "std + eps is 0, and 0 / 0 has no code",
                                     "eps > 0, or no std of 0", "0");
    }
  }
  const float scale_y = f32_of(context, "scale_y");
  const CodeRange range = output_range(context, true);
  return {make_channel_map(
      context, range, channels,
      [=, divisors = std::move(divisors), mean = context.integers_of("mean")](std::size_t c, std::int32_t x) {
        const float distance = static_cast<float>(std::int64_t{x} - mean[c]);
        return arith::emit(distance / divisors[c], scale_y, range);
      })};
}

Result<std::unique_ptr<Operator>> prepare_event(const NodeContext& context, std::size_t channels) {
  auto alpha = context.doubles_of("alpha");
  auto beta = context.doubles_of("beta");
  for (const auto* list : {&alpha, &beta}) {
    for (const double value : *list) {
      if (std::isfinite(value)) continue;
      return context.tensor_error(list == &alpha ? "alpha" : "beta", "tensor.range", "tensor is not finite",
                                  "finite numbers", number_text(value));
    }
  }
  const double scale_in = context.number("scale_in", 1);
  const double scale_out = context.number("scale_out", 1);
  const auto rounding = rounding_of(context, arith::Rounding::kHalfUp);
  return {make_channel_map(context, signed_range(8), channels,
                           [=, alpha = std::move(alpha), beta = std::move(beta)](std::size_t c, std::int32_t x) {
                             const double scaled = x * scale_in * alpha[c];
                             return arith::sat(arith::round((scaled + beta[c]) / scale_out, rounding), 8);
                           })};
}

// Every tensor and attribute of the node belongs to the form, and none the form needs is missing.
Status check_form(const NodeContext& context, const Form& form, std::size_t channels) {
  const std::string form_name = std::string(form.tensors[0]) + " and " + std::string(form.tensors[1]);
  for (const std::string_view role : form.tensors) {
    if (context.tensor(role) == nullptr) {
      return context.tensor_error(role, "tensor.missing", "a required tensor is missing", form_name, "nothing");
    }
    if (Status checked = check_channels(context, role, channels); !checked) return checked;
  }
  for (const auto& [role, index] : context.node().tensors) {
    if (role == form.tensors[0] || role == form.tensors[1]) continue;
    return context.tensor_error(role, "tensor.unknown", "the algorithms of batch_norm cannot be mixed",
                                form_name + " alone", "'" + role + "'");
  }
  for (const std::string_view name : form.needs) {
    if (context.has(name)) continue;
    return context.attribute_error(name, "attribute.missing", "a required attribute is missing",
                                   "a number, beside " + form_name, "nothing");
  }
  const auto belongs = [&](std::string_view name) {
    return name.starts_with("x-") || std::ranges::find(form.needs, name) != form.needs.end() ||
           std::ranges::find(form.may_have, name) != form.may_have.end();
  };
  for (const auto& [name, value] : context.node().attributes) {
    if (belongs(name)) continue;
    return context.attribute_error(name, "attribute.unknown", "batch_norm with " + form_name + " has no such attribute",
                                   "", "'" + name + "'");
  }
  return {};
}

Result<std::unique_ptr<Operator>> prepare_batch_norm(const NodeContext& context) {
  const auto channels = channels_of(context);
  if (!channels) return Error(channels.error());
  const auto has = [&](std::string_view role) { return context.tensor(role) != nullptr; };
  Form form{{"weight", "bias"}, {"scale_x", "scale_weight", "scale_y"}, {"y_bits"}, prepare_affine};
  if (has("mean") || has("std")) {
    form = {{"mean", "std"}, {"eps", "scale_y"}, {"y_bits", "scale_x", "scale_weight"}, prepare_plain};
  } else if (has("alpha") || has("beta")) {
    form = {{"alpha", "beta"}, {}, {"scale_in", "scale_out", "rounding"}, prepare_event};
  }
  if (Status checked = check_form(context, form, *channels); !checked) return std::move(checked).error();
  return form.prepare(context, *channels);
}

}  // namespace

const OpDef kBatchNorm{"batch_norm",
                       kOnAll,
                       1,
                       1,
                       {{"weight", "int8|int16", 1, false},
                        {"bias", "int8|int16|int32", 1, false},
                        {"mean", "int8|int16|int32", 1, false},
                        {"std", "int8|int16|int32", 1, false},
                        {"alpha", "float32|float64", 1, false},
                        {"beta", "float32|float64", 1, false}},
                       {scale_rule("scale_x", false),
                        scale_rule("scale_weight", false),
                        scale_rule("scale_y", false),
                        bits_rule("y_bits"),
                        {"eps", AttributeKind::kNumber, false, 0, 65536},
                        scale_rule("scale_in", false),
                        scale_rule("scale_out", false),
                        rounding_rule()},
                       prepare_batch_norm};

}  // namespace witin::ops
