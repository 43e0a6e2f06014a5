// A .wtrace written block by block (sim/trace/format.md).
#pragma once

#include <filesystem>
#include <optional>

#include "sim/trace/frame_file.hpp"
#include "witin/trace.hpp"

namespace witin::trace {

class TraceWriter {
 public:
  // `info` is what the file will say and hold: the recorded nodes and fields only. Errors: output.*, trace.too_large.
  [[nodiscard]] static Result<TraceWriter> create(const std::filesystem::path& path, const TraceInfo& info);

  // Frames [first, first + count) of info.nodes[node].fields[field], in its dtype and C order. Safe from several
  // threads, in any order; every frame is written exactly once.
  [[nodiscard]] Status write(std::size_t node, std::size_t field, std::int64_t first, std::int64_t count,
                             const void* data);

  // The file appears. Without it nothing remains.
  [[nodiscard]] Status finish();

 private:
  TraceWriter(FrameFile file, std::vector<std::size_t> first_array)
      : file_(std::move(file)), first_array_(std::move(first_array)) {}

  FrameFile file_;
  std::vector<std::size_t> first_array_;  // of each node
};

}  // namespace witin::trace
