#pragma once

#include <filesystem>
#include <system_error>

namespace witin::package {

// What cannot be looked at is not there.
[[nodiscard]] inline bool is_there(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

}  // namespace witin::package
