// A trace: what every node of a run produced, read from a file (sim/trace/format.md is the contract).
#pragma once

#include <filesystem>
#include <memory>
#include <span>

#include "witin/error.hpp"
#include "witin/types.hpp"

namespace witin {

// `[frames, *shape]` of integers, as the file has them.
struct TraceField {
  std::string name;  // npu_y, npu_acc, ...
  DType dtype = DType::kI8;
  Shape shape = {};              // of one frame
  std::optional<int> bits = {};  // width of the codes of npu_y, where it is known
};

struct TraceNode {
  std::string name;
  std::string op = {};
  Shape shape = {};  // of npu_y
  std::vector<TraceField> fields = {};
  // What the node reads: names of nodes and of network inputs. Absent where the file does not say.
  std::optional<std::vector<std::string>> inputs = {};
  // Set where frames are time steps to the node: it remembers earlier ones, and sees this many after its own.
  std::optional<std::int64_t> lookahead = {};
};

struct TraceInfo {
  std::string package_name = {};
  std::string package_sha256 = {};
  std::optional<Arithmetic> arithmetic = {};  // always there in a .wtrace
  std::string noise = {};                     // the noise settings as a JSON object; empty: none
  std::optional<std::int64_t> seed = {};      // of the noise, 0 .. 2^63 - 1
  std::string simulator = {};                 // version of the program that wrote it
  std::string level = {};                     // outputs, nodes or full
  std::int64_t frames = 0;
  std::vector<std::string> inputs = {};  // names of the network's inputs; empty where the file does not say
  std::vector<TraceNode> nodes = {};     // in execution order
};

class Trace {
 public:
  // A .wtrace; an .npz or a directory of .npy files with the same member names (NODE/FIELD.npy, or NODE.npy for
  // npu_y): then only names, shapes and frames are known, and nodes stand in the order of their names. A single .npy
  // is the npu_y of a node with the file's name.
  // Errors: trace.*, json.*, zip.*, npy.*, file.*.
  [[nodiscard]] static Result<Trace> open(const std::filesystem::path& path);

  [[nodiscard]] const TraceInfo& info() const;

  // Copies frames [first, first + count) of info().nodes[node].fields[field] to `out`, which has exactly their size.
  // The first reading of a member of an archive compares its CRC. Memory does not grow with the number of frames.
  // Safe from several threads.
  [[nodiscard]] Status read(std::size_t node, std::size_t field, std::int64_t first, std::int64_t count,
                            std::span<std::byte> out) const;

  // The same for a reader that takes every frame of a field once, in any order: the CRC is computed on the way, and
  // compared by the reading that completes the member, or by the first that reads a frame again.
  [[nodiscard]] Status read_once(std::size_t node, std::size_t field, std::int64_t first, std::int64_t count,
                                 std::span<std::byte> out) const;

 private:
  struct Impl;
  explicit Trace(std::shared_ptr<const Impl> impl);
  std::shared_ptr<const Impl> impl_;
};

}  // namespace witin
