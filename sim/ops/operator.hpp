// What an operator is to the engine: checked once into an immutable Operator, then run on blocks of frames.
//
// An Operator is shared by all worker threads and never changes after it was made. Everything a run needs beside the
// codes is handed in: scratch memory of the worker, and the state that recurrent and streaming operators carry from
// frame to frame. The registry (sim/ops/registry.hpp) says how to add an operator.
#pragma once

#include <memory>
#include <vector>

#include "sim/ops/scratch.hpp"
#include "witin/error.hpp"
#include "witin/types.hpp"

namespace witin::ops {

// What one value of the graph is, frame by frame. Codes lie in memory as `storage()`, frames one after the other.
struct ValueType {
  Shape shape;
  CodeRange range;

  [[nodiscard]] Storage storage() const { return storage_for(range); }
  [[nodiscard]] std::int64_t elements() const { return element_count(shape); }
  [[nodiscard]] std::size_t frame_bytes() const { return static_cast<std::size_t>(elements()) * size_of(storage()); }
};

// An intermediate that a trace at level `full` shows beside npu_y, under the names of sim/trace/format.md.
struct Field {
  std::string name;
  Shape shape;
  Storage storage = Storage::kS32;
};

// What a recurrent or streaming operator remembers between frames of one run.
class State {
 public:
  virtual ~State() = default;
};

// One block of consecutive frames.
struct Run {
  std::int64_t first_frame = 0;  // index in the input, from 0
  std::int64_t frames = 0;
  // Of each input [frames, *shape] in its storage, with kernels::kReadSlack readable bytes behind it.
  std::span<const void* const> inputs;
  void* output = nullptr;         // [frames, *shape] in the output's storage
  std::span<void* const> fields;  // per entry of fields(): [frames, *shape] to fill, or null; empty: none wanted
  Scratch* scratch = nullptr;
  State* state = nullptr;  // what initial_state() made

  [[nodiscard]] void* field(std::size_t index) const { return index < fields.size() ? fields[index] : nullptr; }
};

class Operator {
 public:
  explicit Operator(ValueType output) : output_(std::move(output)) {}
  virtual ~Operator() = default;
  Operator(const Operator&) = delete;
  Operator& operator=(const Operator&) = delete;

  [[nodiscard]] const ValueType& output() const { return output_; }
  [[nodiscard]] virtual std::vector<Field> fields() const { return {}; }
  // Non-null: the operator needs its frames in order, from the first one on.
  [[nodiscard]] virtual std::unique_ptr<State> initial_state() const { return nullptr; }
  // Frames after its own that an output sees; beyond the last frame they are padding. A network with such an operator
  // runs all its frames as one block.
  [[nodiscard]] virtual std::int64_t lookahead() const { return 0; }
  // Multiply-accumulates of one frame on the array, for reports and benchmarks.
  [[nodiscard]] virtual std::int64_t macs() const { return 0; }
  // Fills run.output and the wanted fields. Errors: a code outside the range the operator accepts.
  virtual Status run(const Run& run) const = 0;

 private:
  ValueType output_;
};

}  // namespace witin::ops
