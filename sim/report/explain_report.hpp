// What `diff --explain` found: text for people, and the key "explanations" of the document witin.diff.
#pragma once

#include <string>

#include "sim/explain/sides.hpp"
#include "sim/report/document.hpp"

namespace witin::report {

// A paragraph for each node, a sentence for each finding with its share.
[[nodiscard]] std::string explain_text(const explain::Explanations& explanations);

// {"nodes": [...], "left_out": N}
[[nodiscard]] Document explain_document(const explain::Explanations& explanations);

}  // namespace witin::report
