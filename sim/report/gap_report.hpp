// What training did not see, as text, as a document (witin.gap) and in one sentence.
#pragma once

#include <string>

#include "sim/gap/gap.hpp"

namespace witin::report {

[[nodiscard]] std::string gap_summary(const gap::Report& report);
[[nodiscard]] std::string gap_document(const gap::Report& report);

// "Training did not see ...": which node contributes most, why, and what becomes of it at the output.
[[nodiscard]] std::string gap_conclusion(const gap::Report& report);
// Why values are born different in a node: "the chip cuts negative sums ... (93.1 %), ...".
[[nodiscard]] std::string gap_cause(const gap::NodeGap& node);
// "120 of 360 frames have other codes, 3 another class".
[[nodiscard]] std::string gap_at_output(const gap::OutputGap& output, std::int64_t frames);

}  // namespace witin::report
