// A sweep as a JSON document, as CSV and as text.
#pragma once

#include <string>

#include "sim/sweep/findings.hpp"

namespace witin::report {

// The document witin.sweep (cli/README.md).
[[nodiscard]] std::string sweep_document(const sweep::Sweep& sweep, std::span<const sweep::Finding> findings);

// A line for every network, setting and choice of noised layers, with the statistics of its trials.
[[nodiscard]] std::string sweep_csv(const sweep::Sweep& sweep, std::span<const sweep::Finding> findings);

// For people: a table for each network.
[[nodiscard]] std::string sweep_summary(const sweep::Sweep& sweep, std::span<const sweep::Finding> findings);

// "97.22 %"
[[nodiscard]] std::string share_text(double share);

}  // namespace witin::report
