// How fast a network ran, as text and as a document (witin.bench).
#pragma once

#include <string>

#include "sim/bench/measure.hpp"

namespace witin::report {

[[nodiscard]] std::string bench_summary(const Engine& engine, const bench::Measurement& measurement);
[[nodiscard]] std::string bench_document(const Engine& engine, const bench::Measurement& measurement);

}  // namespace witin::report
