// Runs a package: every node's operator prepared once, frames streamed through in blocks, results handed to sinks.
//
// For a package, its input and its options the codes are the same for every instruction set, thread count and block
// size. An Engine is immutable; several runs may go on at once.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "witin/error.hpp"
#include "witin/noise.hpp"
#include "witin/package.hpp"
#include "witin/types.hpp"

namespace witin {

namespace engine {
struct Plan;
class Workers;
}  // namespace engine

struct EngineOptions {
  std::optional<Arithmetic> arithmetic = {};  // instead of the package's default; a node's own profile stays
  // Kernels to use: "ref", "sse2", "avx2", "avx512bw", "avx512vnni", "neon"; "" or "auto": what the environment
  // variable WITIN_ISA names, else the fastest of this machine. Errors: "isa.unknown", "isa.not_built",
  // "isa.not_supported".
  std::string isa = {};
  const std::atomic<bool>* cancel = nullptr;  // true: no further node is prepared, error "run.cancelled"
};

// A result a node can show. Field 0 of every node is npu_y, its output codes; the others are the intermediates of
// sim/trace/format.md that a trace at level `full` records.
struct FieldInfo {
  std::string name;
  Shape shape;
  Storage storage = Storage::kS8;       // how a sink gets the codes
  std::optional<CodeRange> range = {};  // known for npu_y
};

struct NodeInfo {
  std::string name;
  std::string op;
  Arithmetic arithmetic = Arithmetic::kWtm2101;
  Shape shape;
  CodeRange range;
  std::vector<std::string> inputs;
  std::vector<FieldInfo> fields;
  std::int64_t macs = 0;  // multiply-accumulates of one frame on the array
  bool output = false;    // one of the package's outputs
  // Set where frames are time steps to the node: it remembers earlier ones, and sees this many after its own.
  std::optional<std::int64_t> lookahead = {};
};

// Where frames come from. Calls may come from several threads.
class FrameSource {
 public:
  virtual ~FrameSource() = default;
  [[nodiscard]] virtual std::int64_t frames() const = 0;
  // Copies frames [first, first + count) of input `input` (position in Package::inputs) to `codes`, in `storage`.
  // Every code must lie in the input's range. Errors: unreadable data, a code out of range.
  virtual Status read(std::size_t input, std::int64_t first, std::int64_t count, Storage storage, void* codes) = 0;
};

// Where results go. Calls come from several threads, for disjoint frames, in any order.
class FrameSink {
 public:
  virtual ~FrameSink() = default;
  [[nodiscard]] virtual bool wants(std::size_t node, std::size_t field) const = 0;
  // `codes`: [count, *shape] in the field's storage; `first` counts from the first frame of the run.
  virtual Status write(std::size_t node, std::size_t field, std::int64_t first, std::int64_t count,
                       const void* codes) = 0;
};

struct RunOptions {
  std::int64_t first_frame = 0;
  std::int64_t frames = -1;       // -1: all from first_frame on. State of recurrent networks always starts at frame 0.
  int threads = 0;                // 0: one for each processor of this process
  std::int64_t block_frames = 0;  // 0: chosen; results do not depend on it
  // Called from worker threads after a block with the number of finished and of all frames.
  std::function<void(std::int64_t done, std::int64_t total)> progress = {};
  // One for each node, or null: nanoseconds its operator took are added, of all threads together.
  std::atomic<std::int64_t>* node_nanoseconds = nullptr;
  const std::atomic<bool>* cancel = nullptr;  // true: stop soon, the run ends with error "run.cancelled"
  // Noise on the array. Errors of run(): noise.operator where the model has no law for a node it is asked for,
  // noise.nodes where the glob matches no node on the array, noise.trial, noise.draws.
  NoiseOptions noise = {};
};

class Engine {
 public:
  // Checks every node (names, attributes, tensors, shapes, accumulators) and prepares it. Errors name the node as
  // manifest.json/nodes/<index>.
  [[nodiscard]] static Result<Engine> create(Package package, const EngineOptions& options = {});

  [[nodiscard]] const Package& package() const;
  [[nodiscard]] std::span<const NodeInfo> nodes() const;  // in execution order, as Package::nodes
  [[nodiscard]] Arithmetic arithmetic() const;
  [[nodiscard]] std::string_view isa() const;  // the kernels that run
  [[nodiscard]] bool stateful() const;         // frames are time steps: they run in order on one thread

  Status run(FrameSource& source, std::span<FrameSink* const> sinks, const RunOptions& options = {}) const;

 private:
  explicit Engine(std::shared_ptr<const engine::Plan> plan);
  std::shared_ptr<const engine::Plan> plan_;
  std::shared_ptr<engine::Workers> workers_;
};

}  // namespace witin
