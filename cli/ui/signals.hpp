// SIGINT and SIGTERM ask a run to stop, so that it can leave nothing half-written; SIGPIPE is a failing write.
#pragma once

#include <atomic>

namespace witin::cli {

void handle_signals();

// Set by the first SIGINT or SIGTERM.
[[nodiscard]] const std::atomic<bool>& interrupted();

// What a shell expects of a program that ended by the signal that came: 130 or 143; 0 when none came.
[[nodiscard]] int interrupted_status();

}  // namespace witin::cli
