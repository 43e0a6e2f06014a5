// Runs one operator on codes: a package of a single node in memory, prepared by ops::prepare, fed int32 vectors.
//
//   OpRunner op("add", Arithmetic::kWtm2101);
//   op.input({4}, signed_range(8)).input({4}, signed_range(8)).attribute("shift", std::int64_t{-1});
//   Result<std::vector<std::int32_t>> y = op.run({{1, 2, 3, 4}, {5, 6, 7, 8}});
//
// Inputs are [frames, *shape] one after the other. Besides what the operator reports, run() fails with test.* where
// an input code lies outside its declared range or an output code outside the range the operator promised.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "sim/kernels/buffer.hpp"
#include "sim/ops/codes.hpp"
#include "sim/ops/registry.hpp"

namespace witin::test {

using Codes = std::vector<std::int32_t>;

class OpRunner {
 public:
  explicit OpRunner(std::string op, Arithmetic arithmetic = Arithmetic::kWitinNn) : arithmetic_(arithmetic) {
    node_.name = "n";
    node_.op = std::move(op);
  }

  OpRunner& input(Shape shape, CodeRange range) {
    node_.inputs.push_back("in" + std::to_string(types_.size()));
    types_.push_back({std::move(shape), range});
    return *this;
  }
  OpRunner& attribute(std::string name, AttributeValue value) {
    node_.attributes[std::move(name)] = std::move(value);
    return *this;
  }
  OpRunner& isa(kernels::Isa isa) {
    isa_ = isa;
    return *this;
  }
  // Element is the C++ type of the dtype: std::int8_t for int8, float for float32.
  template <typename Element>
  OpRunner& tensor(std::string role, Shape shape, const std::vector<Element>& elements) {
    bytes_.emplace_back(elements.size() * sizeof(Element));
    if (!elements.empty()) std::memcpy(bytes_.back().data(), elements.data(), bytes_.back().size());
    tensors_.push_back({role, dtype_of<Element>(), std::move(shape), {}});
    node_.tensors[std::move(role)] = tensors_.size() - 1;
    return *this;
  }

  [[nodiscard]] Result<std::unique_ptr<ops::Operator>> prepare() const {
    Package package;
    package.tensors = tensors_;
    for (std::size_t i = 0; i < tensors_.size(); ++i) package.tensors[i].bytes = bytes_[i];
    return ops::prepare(package, node_, arithmetic_, types_, isa_);
  }
  // The stable code of the error with which prepare() refuses the node; empty where it does not.
  [[nodiscard]] std::string refusal() const {
    auto prepared = prepare();
    return prepared ? std::string() : prepared.error().code;
  }

  [[nodiscard]] Result<Codes> run(const std::vector<Codes>& inputs, std::int64_t first_frame = 0) const {
    auto traced = run_blocks(inputs, first_frame, 0, false);
    if (!traced) return std::move(traced).error();
    return std::move(traced->at("npu_y"));
  }
  // All fields beside npu_y, by name, from a run in blocks of `block` frames (0: one block) that carry the state on.
  [[nodiscard]] Result<std::map<std::string, Codes>> trace(const std::vector<Codes>& inputs,
                                                           std::int64_t block = 0) const {
    return run_blocks(inputs, 0, block, true);
  }

 private:
  using Fields = std::map<std::string, Codes>;

  [[nodiscard]] Result<Fields> run_blocks(const std::vector<Codes>& inputs, std::int64_t first_frame,
                                          std::int64_t block, bool all_fields) const {
    auto prepared = prepare();
    if (!prepared) return std::move(prepared).error();
    const ops::Operator& op = **prepared;
    std::int64_t frames = 1;
    std::vector<std::vector<std::byte>> stored;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const ops::ValueType& type = types_.at(i);
      for (const std::int32_t code : inputs[i]) {
        if (!type.range.contains({code, code})) return bad("test.input_range", std::to_string(code));
      }
      const auto size = static_cast<std::int64_t>(inputs[i].size());
      if (type.elements() == 0 || size % type.elements() != 0) return bad("test.input_size", std::to_string(size));
      if (i != 0 && size / type.elements() != frames) return bad("test.frames", std::to_string(size));
      frames = size / type.elements();
      stored.emplace_back(inputs[i].size() * size_of(type.storage()) + kernels::kReadSlack);
      ops::narrow(inputs[i], type.storage(), stored.back().data(), 0);
    }
    const auto state = op.initial_state();
    Fields out;
    for (std::int64_t first = 0; first == 0 || first < frames; first += block == 0 ? frames : block) {
      const std::int64_t count = block == 0 ? frames : std::min(block, frames - first);
      std::vector<const void*> pointers;
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        pointers.push_back(stored[i].data() + static_cast<std::size_t>(first) * types_[i].frame_bytes());
      }
      ops::Run run;
      run.first_frame = first_frame + first;
      run.frames = count;
      run.inputs = pointers;
      run.state = state.get();
      if (Status status = run_block(op, run, all_fields, out); !status) return std::move(status).error();
      if (frames == 0) break;
    }
    return out;
  }

  template <typename Element>
  static constexpr DType dtype_of() {
    if constexpr (std::is_same_v<Element, std::int8_t>) return DType::kI8;
    if constexpr (std::is_same_v<Element, std::uint8_t>) return DType::kU8;
    if constexpr (std::is_same_v<Element, std::int16_t>) return DType::kI16;
    if constexpr (std::is_same_v<Element, std::int32_t>) return DType::kI32;
    if constexpr (std::is_same_v<Element, std::int64_t>) return DType::kI64;
    if constexpr (std::is_same_v<Element, float>) return DType::kF32;
    return DType::kF64;
  }

  static Error bad(std::string code, std::string found) {
    return {std::move(code), "the test broke the operator's contract", "", "", std::move(found), ""};
  }

  // Appends what the block gives to `out`.
  static Status run_block(const ops::Operator& op, ops::Run run, bool all_fields, Fields& out) {
    const auto append = [&](const std::string& name, const void* codes, Storage storage, std::size_t count) {
      Codes& all = out[name];
      all.resize(all.size() + count);
      ops::widen(storage, codes, 0, std::span(all).last(count));
    };
    const ops::ValueType& type = op.output();
    std::vector<std::byte> output(static_cast<std::size_t>(run.frames) * type.frame_bytes());
    std::vector<std::vector<std::byte>> buffers;
    std::vector<void*> fields;
    const std::vector<ops::Field> names = all_fields ? op.fields() : std::vector<ops::Field>();
    for (const ops::Field& field : names) {
      buffers.emplace_back(static_cast<std::size_t>(run.frames * element_count(field.shape)) * size_of(field.storage));
      fields.push_back(buffers.back().data());
    }
    ops::Scratch scratch;
    run.output = output.data();
    run.fields = fields;
    run.scratch = &scratch;
    if (Status status = op.run(run); !status) return status;
    append("npu_y", output.data(), type.storage(), static_cast<std::size_t>(run.frames * type.elements()));
    for (const std::int32_t code : out["npu_y"]) {
      if (!type.range.contains({code, code})) return bad("test.output_range", std::to_string(code));
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
      append(names[i].name, buffers[i].data(), names[i].storage, buffers[i].size() / size_of(names[i].storage));
    }
    return {};
  }

  Arithmetic arithmetic_;
  kernels::Isa isa_ = *kernels::select_isa();
  Node node_;
  std::vector<ops::ValueType> types_;
  std::vector<Tensor> tensors_;
  std::vector<std::vector<std::byte>> bytes_;
};

// All codes of a range, in order.
[[nodiscard]] inline Codes all_codes(CodeRange range) {
  Codes codes;
  for (std::int32_t code = range.lo; code <= range.hi; ++code) codes.push_back(code);
  return codes;
}

// Every pair of codes of two ranges: the left codes and the right codes, left slowest.
[[nodiscard]] inline std::vector<Codes> all_pairs(CodeRange left, CodeRange right) {
  std::vector<Codes> pairs(2);
  for (std::int32_t a = left.lo; a <= left.hi; ++a) {
    for (std::int32_t b = right.lo; b <= right.hi; ++b) {
      pairs[0].push_back(a);
      pairs[1].push_back(b);
    }
  }
  return pairs;
}

}  // namespace witin::test
