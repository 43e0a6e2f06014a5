// Work that a caller may stop: a flag it can set at any time, and the error that follows.
#pragma once

#include <atomic>
#include <string>

#include "witin/error.hpp"

namespace witin {

[[nodiscard]] inline bool is_cancelled(const std::atomic<bool>* flag) { return flag != nullptr && flag->load(); }

// work: "run", "comparison", ...
[[nodiscard]] inline Error cancelled(const std::string& work) {
  return {"run.cancelled", "the " + work + " was stopped", "", "", "", ""};
}

}  // namespace witin
