// .wtrace, .npz, .npy and folders of .npy as a side.
#pragma once

#include "sim/diff/side.hpp"

namespace witin::diff {

// Errors: those of Trace::open.
[[nodiscard]] Result<std::unique_ptr<Side>> open_trace_side(const std::filesystem::path& path);

}  // namespace witin::diff
