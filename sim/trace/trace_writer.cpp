#include "sim/trace/trace_writer.hpp"

#include <string>
#include <utility>

#include "sim/guard.hpp"
#include "sim/package/limits.hpp"
#include "sim/trace/trace_header.hpp"

namespace witin::trace {

Result<TraceWriter> TraceWriter::create(const std::filesystem::path& path, const TraceInfo& info) {
  return guarded(path.native(), [&]() -> Result<TraceWriter> {
    std::vector<TextMember> texts{{std::string(kHeaderMember), write_header(info)}};
    if (texts.front().text.size() > package::limits::kJsonBytes) {
      return Error{"trace.too_large",
                   "the description of the trace is too large",
                   path.string(),
                   "at most " + std::to_string(package::limits::kJsonBytes) + " bytes",
                   std::to_string(texts.front().text.size()) + " bytes",
                   "record fewer nodes or a lower level"};
    }
    std::vector<FrameArray> arrays;
    std::vector<std::size_t> first_array;
    for (const TraceNode& node : info.nodes) {
      first_array.push_back(arrays.size());
      for (const TraceField& field : node.fields) {
        arrays.push_back({field_member(node.name, field.name), field.dtype, field.shape});
      }
    }
    Result<FrameFile> file = FrameFile::create_zip(path, texts, arrays, info.frames);
    if (!file) return std::move(file).error();
    return TraceWriter(std::move(file).value(), std::move(first_array));
  });
}

Status TraceWriter::write(std::size_t node, std::size_t field, std::int64_t first, std::int64_t count,
                          const void* data) {
  return file_.write(first_array_[node] + field, first, count, data);
}

Status TraceWriter::finish() { return file_.finish(); }

}  // namespace witin::trace
