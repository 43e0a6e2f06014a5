#include "sim/explain/setup.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "sim/kernels/buffer.hpp"
#include "sim/ops/codes.hpp"
#include "sim/ops/node_context.hpp"
#include "sim/ops/registry.hpp"

namespace witin::explain {
namespace {

constexpr std::int64_t kBlockFrames = 64;

const AttributeValue* find(const Node& node, std::string_view attribute) {
  const auto found = node.attributes.find(attribute);
  return found == node.attributes.end() ? nullptr : &found->second;
}

ops::NodeContext context_of(const Setup& setup) {
  return {setup.package, setup.node, setup.arithmetic, setup.types, setup.isa};
}

template <typename T>
std::vector<std::byte> encode(const std::vector<std::int32_t>& values) {
  std::vector<std::byte> bytes(values.size() * sizeof(T));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const T value = static_cast<T>(values[i]);
    std::memcpy(bytes.data() + i * sizeof(T), &value, sizeof(T));
  }
  return bytes;
}

bool fits(const std::vector<std::int32_t>& values, CodeRange range) {
  return std::ranges::all_of(values, [&](std::int32_t v) { return v >= range.lo && v <= range.hi; });
}

std::vector<std::byte> encode(DType dtype, const std::vector<std::int32_t>& values) {
  if (dtype == DType::kI8) return encode<std::int8_t>(values);
  return dtype == DType::kI16 ? encode<std::int16_t>(values) : encode<std::int32_t>(values);
}

}  // namespace

std::int64_t Setup::integer(std::string_view attribute, std::int64_t absent) const {
  return context_of(*this).integer(attribute, absent);
}
double Setup::number(std::string_view attribute, double absent) const {
  return context_of(*this).number(attribute, absent);
}
std::string Setup::text(std::string_view attribute, std::string_view absent) const {
  return context_of(*this).text(attribute, absent);
}
std::vector<std::int64_t> Setup::integers(std::string_view attribute) const {
  const AttributeValue* const value = find(node, attribute);
  if (value == nullptr) return {};
  return context_of(*this).integers(attribute, {});
}

std::optional<IntTensor> Setup::tensor(std::string_view role) const {
  const Tensor* const tensor = context_of(*this).tensor(role);
  if (tensor == nullptr || !is_integer(tensor->dtype) || tensor->dtype == DType::kI64) return std::nullopt;
  return IntTensor{tensor->shape, context_of(*this).integers_of(role)};
}

void Setup::set_tensor(std::string_view role, const IntTensor& values) {
  Tensor tensor{std::string(role), role.starts_with("bias") ? DType::kI32 : DType::kI8, values.shape, {}};
  const auto found = node.tensors.find(role);
  if (found != node.tensors.end()) tensor.dtype = package.tensors[found->second].dtype;
  if (tensor.dtype == DType::kI8 && !fits(values.values, signed_range(8))) tensor.dtype = DType::kI16;
  const auto bytes = std::make_shared<const std::vector<std::byte>>(encode(tensor.dtype, values.values));
  tensor.bytes = *bytes;
  owned.push_back(bytes);
  if (found != node.tensors.end()) {
    package.tensors[found->second] = std::move(tensor);
  } else {
    node.tensors.emplace(role, package.tensors.size());
    package.tensors.push_back(std::move(tensor));
  }
}

Setup Setup::slice(std::int64_t first, std::int64_t count) const {
  Setup part = *this;
  part.frames = count;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto begin = inputs[i]->begin() + first * elements(i);
    part.set_input(i, Codes(begin, begin + count * elements(i)));
  }
  return part;
}

Setup make_setup(const Package& package, const Node& node, Arithmetic arithmetic, kernels::Isa isa,
                 std::vector<ops::ValueType> types, std::vector<Codes> inputs, std::int64_t frames) {
  Setup setup;
  setup.package.arithmetic = package.arithmetic;
  setup.package.storage = package.storage;
  setup.node = node;
  setup.arithmetic = arithmetic;
  setup.isa = isa;
  setup.types = std::move(types);
  setup.frames = frames;
  for (auto& [role, index] : setup.node.tensors) {
    setup.package.tensors.push_back(package.tensors[index]);
    index = setup.package.tensors.size() - 1;
  }
  for (Codes& codes : inputs) setup.inputs.push_back(std::make_shared<const Codes>(std::move(codes)));
  return setup;
}

Result<Outcome> run(const Setup& setup) {
  auto made = ops::prepare(setup.package, setup.node, setup.arithmetic, setup.types, setup.isa);
  if (!made) return std::move(made).error();
  const ops::Operator& op = **made;
  const ops::ValueType& output = op.output();
  const std::int64_t elements = output.elements();
  Outcome outcome{output.shape, output.range, {}, {}, {}, op.macs()};
  outcome.y.resize(static_cast<std::size_t>(elements * setup.frames));

  const std::vector<ops::Field> fields = op.fields();
  std::vector<Codes*> targets(fields.size(), nullptr);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].shape != output.shape || fields[i].storage != Storage::kS32) continue;
    if (fields[i].name == "npu_acc") targets[i] = &outcome.acc;
    if (fields[i].name == "npu_y_d") targets[i] = &outcome.y_d;
    if (targets[i] != nullptr) targets[i]->resize(outcome.y.size());
  }
  const auto state = op.initial_state();
  outcome.stateful = state != nullptr || op.lookahead() != 0;
  const std::int64_t block = op.lookahead() != 0 ? setup.frames : std::min(kBlockFrames, setup.frames);

  ops::Scratch scratch;
  std::vector<kernels::Buffer> in;
  std::vector<const void*> in_pointers;
  for (const ops::ValueType& type : setup.types) {
    in.emplace_back(type.frame_bytes() * static_cast<std::size_t>(block));
    in_pointers.push_back(in.back().data());
  }
  std::vector<std::byte> out(output.frame_bytes() * static_cast<std::size_t>(block));
  std::vector<void*> field_pointers(fields.size());
  for (std::int64_t first = 0; first < setup.frames; first += block) {
    const std::int64_t count = std::min(block, setup.frames - first);
    for (std::size_t i = 0; i < in.size(); ++i) {
      const std::span<const std::int32_t> codes(*setup.inputs[i]);
      ops::narrow(codes.subspan(static_cast<std::size_t>(first * setup.elements(i)),
                                static_cast<std::size_t>(count * setup.elements(i))),
                  setup.types[i].storage(), in[i].data(), 0);
    }
    for (std::size_t i = 0; i < fields.size(); ++i) {
      field_pointers[i] = targets[i] == nullptr ? nullptr : targets[i]->data() + first * elements;
    }
    ops::Run block_run{first, count, in_pointers, out.data(), field_pointers, &scratch, state.get()};
    scratch.reset();
    if (Status status = op.run(block_run); !status) return std::move(status).error();
    ops::widen(output.storage(), out.data(), 0,
               std::span(outcome.y).subspan(static_cast<std::size_t>(first * elements),
                                            static_cast<std::size_t>(count * elements)));
  }
  return outcome;
}

Columns columns_of(const Shape& shape) {
  Columns columns;
  columns.elements = element_count(shape);
  if (shape.empty()) return columns;
  if (shape.size() == 3) {
    columns.count = shape[0];
    columns.stride = shape[1] * shape[2];
  } else {
    columns.count = shape.back();
  }
  return columns;
}

}  // namespace witin::explain
