// What a comparison found, as a page: which layer, which channel, why.
#pragma once

#include <string>

#include "sim/diff/report.hpp"
#include "sim/explain/sides.hpp"

namespace witin::report {

// `complete`: values that only one side has are differences. `explanations`: of --explain, or null.
[[nodiscard]] std::string diff_page(const diff::Report& report, bool complete = false,
                                    const explain::Explanations* explanations = nullptr);

}  // namespace witin::report
