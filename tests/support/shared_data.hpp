// The measured data beside the repository (../shared, or the directory that WITIN_SHARED names), where it is present.
// Tests run in the top directory of the repository.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>

namespace witin::test {

// The directory `part` of the shared data. Without it the test is skipped, and says so.
inline std::optional<std::filesystem::path> shared_data(const char* part) {
  const char* chosen = std::getenv("WITIN_SHARED");
  const std::filesystem::path root = chosen != nullptr ? chosen : "../shared";
  if (std::filesystem::is_directory(root / part)) return root / part;
  std::puts("skipped: no ../shared");
  return std::nullopt;
}

}  // namespace witin::test
