#include "sim/diff/side.hpp"

#include <system_error>

#include "sim/diff/capture_side.hpp"
#include "sim/diff/mapper_side.hpp"
#include "sim/diff/trace_side.hpp"
#include "sim/guard.hpp"

namespace witin::diff {
namespace {

namespace fs = std::filesystem;

Result<std::unique_ptr<Side>> open_folder(const fs::path& path) {
  if (looks_like_mapper(path)) return open_mapper_side(path);
  if (looks_like_capture(path)) return open_capture_side(path);
  return open_trace_side(path);
}

}  // namespace

Result<std::unique_ptr<Side>> open_side(const fs::path& path) {
  return guarded(path.native(), [&]() -> Result<std::unique_ptr<Side>> {
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) {
      Result<std::unique_ptr<Side>> side = open_folder(path);
      if (!side || !(*side)->entries().empty()) return side;
      return Error{
          "diff.unknown_side", "there is nothing to compare in the folder",
          path.string(),       "arrays (.npy), layer_debug/ or map/ of the mapper, or infer_output.txt or tmp_output/",
          "none of them",      ""};
    }
    if (path.extension() == ".log") {
      return Error{
          "diff.unknown_side", "a log holds figures, not values", path.string(), "the folder it lies in", "", ""};
    }
    return path.extension() == ".txt" ? open_capture_side(path) : open_trace_side(path);
  });
}

}  // namespace witin::diff
