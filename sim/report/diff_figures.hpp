// The figures of a capture of the hardware (diff::CaptureReport), as text and as a document.
#pragma once

#include "sim/diff/report.hpp"
#include "sim/report/document.hpp"

namespace witin::report {

// A table: a row a figure, a column raw and corrected, and those of the tool's log where there is one.
[[nodiscard]] std::string figures_text(const diff::CaptureReport& capture);
[[nodiscard]] Document figures_document(const diff::CaptureReport& capture);

}  // namespace witin::report
