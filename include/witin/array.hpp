// Runs on arrays in memory, for programs that embed the simulator and for tests.
#pragma once

#include <map>

#include "witin/engine.hpp"

namespace witin {

// Codes in C order; shape[0] is the number of frames.
struct Array {
  Shape shape;
  std::vector<std::int32_t> codes;

  friend bool operator==(const Array&, const Array&) = default;
};

// Inputs by name, each [frames, *shape of the input]; returns the npu_y of the package's outputs by name.
// Errors: a missing or extra input, another shape, frame counts that differ, a code out of range.
[[nodiscard]] Result<std::map<std::string, Array>> run_arrays(const Engine& engine,
                                                              const std::map<std::string, Array>& inputs,
                                                              const RunOptions& options = {});

// The same, returning every field of every node under "<node>/<field>", as a trace at level `full` names them.
[[nodiscard]] Result<std::map<std::string, Array>> trace_arrays(const Engine& engine,
                                                                const std::map<std::string, Array>& inputs,
                                                                const RunOptions& options = {});

}  // namespace witin
