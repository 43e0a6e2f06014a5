#include "sim/diff/side.hpp"

#include "sim/diff/trace_side.hpp"

namespace witin::diff {

Result<std::unique_ptr<Side>> open_side(const std::filesystem::path& path) { return open_trace_side(path); }

}  // namespace witin::diff
