// The bring-up team's figures of a capture of the hardware: how far, and how crooked, its columns are.
#pragma once

#include "sim/diff/compare_field.hpp"

namespace witin::diff {

// Reads the arrays of `job` twice. Values are taken as [frames, values of a frame].
[[nodiscard]] Result<CaptureReport> capture_figures(const FieldJob& job, bool chip_is_right);

}  // namespace witin::diff
