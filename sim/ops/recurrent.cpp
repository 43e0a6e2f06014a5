#include "sim/ops/recurrent.hpp"

#include <algorithm>

#include "sim/array/input_codes.hpp"
#include "sim/ops/codes.hpp"

namespace witin::ops {
namespace {

struct CellState final : State {
  std::vector<std::int32_t> codes;
};

}  // namespace

RecurrentOperator::RecurrentOperator(ValueType output, ValueType input, std::vector<array::VectorLayer> matrices,
                                     std::vector<CellField> fields, std::int64_t state_size, std::int64_t reset_every)
    : Operator(std::move(output)),
      input_(std::move(input)),
      matrices_(std::move(matrices)),
      fields_(std::move(fields)),
      acc_field_(fields_.size()),
      state_size_(state_size),
      reset_every_(reset_every) {
  std::int64_t columns = 0;
  for (const array::VectorLayer& matrix : matrices_) columns += matrix.columns();
  fields_.push_back({"npu_acc", columns, Storage::kS32, true});
  if (matrices_.front().has_v()) fields_.push_back({"npu_v", columns, Storage::kS32, true});
}

std::vector<Field> RecurrentOperator::fields() const {
  std::vector<Field> out;
  for (const CellField& field : fields_) out.push_back({std::string(field.name), {field.size}, field.storage});
  return out;
}

std::unique_ptr<State> RecurrentOperator::initial_state() const {
  auto state = std::make_unique<CellState>();
  state->codes.assign(static_cast<std::size_t>(state_size_), 0);
  return state;
}

std::int64_t RecurrentOperator::macs() const {
  std::int64_t sum = 0;
  for (const array::VectorLayer& matrix : matrices_) sum += matrix.macs();
  return sum;
}

Status RecurrentOperator::run_with(const Run& run, const array::NoisyVectors* noise) const {
  Status checked = array::check_codes(kCellInput, input_, run.inputs[0], run.frames, run.first_frame);
  if (!checked) return checked;
  std::vector<std::int32_t>& state = static_cast<CellState*>(run.state)->codes;
  const auto x = run.scratch->take<std::int32_t>(static_cast<std::size_t>(input_.elements()));
  const auto work = run.scratch->take<std::span<std::int32_t>>(fields_.size());
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    const bool used = !fields_[i].trace_only || run.field(i) != nullptr;
    work[i] = run.scratch->take<std::int32_t>(used ? static_cast<std::size_t>(fields_[i].size) : 0);
  }
  const auto outputs = static_cast<std::size_t>(output().elements());
  for (std::int64_t frame = 0; frame < run.frames; ++frame) {
    const auto index = static_cast<std::size_t>(frame);
    if (reset_every_ != 0 && (run.first_frame + frame) % reset_every_ == 0) std::ranges::fill(state, 0);
    widen(input_.storage(), run.inputs[0], index * x.size(), x);
    step({x, state, work, run.first_frame + frame, noise, run.scratch});
    narrow(std::span(state).first(outputs), output().storage(), run.output, index * outputs);
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      if (run.field(i) != nullptr) narrow(work[i], fields_[i].storage, run.field(i), index * work[i].size());
    }
  }
  return {};
}

void RecurrentOperator::multiply(const Step& step, std::size_t matrix, std::span<const std::int32_t> codes,
                                 std::span<std::int32_t> gates) const {
  std::size_t first = 0;
  for (std::size_t i = 0; i < matrix; ++i) first += static_cast<std::size_t>(matrices_[i].columns());
  const auto part = [&](std::size_t field) {
    const bool wanted = field < step.work.size() && !step.work[field].empty();
    return wanted ? step.work[field].subspan(first, gates.size()) : std::span<std::int32_t>();
  };
  const std::span<std::int32_t> acc = part(acc_field_);
  const std::span<std::int32_t> v = part(acc_field_ + 1);
  if (step.noise == nullptr) return matrices_[matrix].run(codes, gates, acc, v, *step.scratch);
  step.noise->run(matrix, step.frame, codes, gates, acc, v, *step.scratch);
}

Result<GateTable> GateTable::make(const NodeContext& context, std::string_view role, bool saturate_sums) {
  GateTable out;
  out.table_ = context.integers_of(role);
  out.saturate_sums_ = saturate_sums;
  if (out.table_.size() != 256 && out.table_.size() != 1024) {
    return context.tensor_error(role, "tensor.shape", "table has the wrong length", "256 or 1024 entries",
                                std::to_string(out.table_.size()));
  }
  return out;
}

std::vector<AttributeRule> with_cell_attributes(std::size_t shift_count, std::vector<AttributeRule> own) {
  own.push_back({.name = "shifts", .kind = AttributeKind::kIntegers, .lo = -31, .hi = 16, .count = shift_count});
  own.push_back({.name = "reset_every", .kind = AttributeKind::kInteger, .lo = 0, .hi = 1 << 30});
  own.push_back(
      {.name = "rounding", .kind = AttributeKind::kString, .choices = "floor|half_up|half_even|trunc|half_away"});
  return own;
}

AttributeRule divisor_rule(std::string_view name) {
  return {.name = name,
          .kind = AttributeKind::kNumber,
          .required = true,
          .lo = std::numeric_limits<double>::denorm_min(),
          .hi = std::numeric_limits<double>::max()};
}

AttributeRule ones_rule() { return {.name = "ones", .kind = AttributeKind::kInteger, .lo = 1, .hi = 1 << 15}; }

AttributeRule order_rule() { return {.name = "order", .kind = AttributeKind::kString, .choices = "zr|rz"}; }
AttributeRule saturate_sums_rule() { return {.name = "saturate_sums", .kind = AttributeKind::kBool}; }

TensorRule cell_weight(std::string_view role) { return {role, "int8|int16", 2}; }
TensorRule cell_bias(std::string_view role) { return {role, "int32", 1, false}; }
TensorRule cell_table(std::string_view role) { return {role, "int8"}; }

arith::Rounding cell_rounding(const NodeContext& context) {
  return arith::parse_rounding(context.text("rounding", "half_up")).value_or(arith::Rounding::kHalfUp);
}

std::array<int, 4> cell_shifts(const NodeContext& context, const std::vector<std::int64_t>& absent) {
  std::array<int, 4> out{};
  std::ranges::transform(context.integers("shifts", absent), out.begin(),
                         [](std::int64_t shift) { return static_cast<int>(shift); });
  return out;
}

CodeRange input_codes(const NodeContext& context) { return array::intersection(kCellInput, context.input().range); }

CodeRange joined_codes(const NodeContext& context) {
  const CodeRange x = input_codes(context);
  return {std::min(x.lo, signed_range(8).lo), std::max(x.hi, signed_range(8).hi)};
}

Result<std::int64_t> cell_input(const NodeContext& context) {
  const Shape& x = context.input().shape;
  if (x.size() == 1 && x[0] >= 1) return x[0];
  return context.node_error("node.shape", "a recurrent cell takes a vector a frame", "[X]", to_string(x));
}

}  // namespace witin::ops
