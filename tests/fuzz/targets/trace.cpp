// Traces, archives of arrays and noise draws from a file: what is described can be read, in parts and as a whole.
#include <vector>

#include "sim/package/bytes.hpp"
#include "sim/report/info_report.hpp"
#include "tests/fuzz/bundle.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/targets.hpp"
#include "witin/noise.hpp"
#include "witin/trace.hpp"

namespace witin::fuzz {
namespace {

constexpr std::int64_t kMostReadAlone = 64;  // frames

void read_field(const Trace& trace, std::size_t node, std::size_t field, std::size_t file_bytes) {
  const TraceField& described = trace.info().nodes[node].fields[field];
  const std::int64_t frames = trace.info().frames;
  const std::size_t frame_bytes = static_cast<std::size_t>(element_count(described.shape)) * size_of(described.dtype);
  require(frame_bytes == 0 || static_cast<std::size_t>(frames) <= file_bytes / frame_bytes,
          "more frames than the file can hold");
  std::vector<std::byte> whole(static_cast<std::size_t>(frames) * frame_bytes);
  const Status once = trace.read_once(node, field, 0, frames, whole);
  const Status read = trace.read(node, field, 0, frames, whole);
  require(succeeded(once) == succeeded(read), "the CRC of one pass and of two judge differently");
  std::vector<std::byte> frame(frames == 0 ? 0 : frame_bytes);
  for (std::int64_t i = 0; i < std::min(frames, kMostReadAlone); ++i) {
    const Status alone = trace.read(node, field, i, 1, frame);
    require(succeeded(alone) == succeeded(read), "a frame is refused alone or among all only");
    if (!alone) return;
    require(std::equal(frame.begin(), frame.end(), whole.begin() + i * static_cast<std::int64_t>(frame_bytes)),
            "a frame alone differs from the frame among all");
  }
}

}  // namespace

void run_trace(Bytes bytes) {
  const Folder folder;
  const std::string_view text = package::as_text(bytes);
  const std::string name = text.starts_with("\x93NUMPY") ? "array.npy" : "run.wtrace";
  folder.write(name, text);
  const Result<Trace> trace = Trace::open(folder.path() / name);
  if (succeeded(trace)) {
    for (std::size_t node = 0; node < trace->info().nodes.size(); ++node) {
      for (std::size_t field = 0; field < trace->info().nodes[node].fields.size(); ++field) {
        read_field(*trace, node, field, bytes.size());
      }
    }
    require(!report::trace_summary(trace->info()).empty() && !report::trace_document(trace->info()).empty(),
            "a trace that cannot be described");
  }
  (void)succeeded(NoiseDraws::load(folder.path() / name));
}

}  // namespace witin::fuzz
