// Text files of integers, as the vendor's mapper writes them: one list a line, separated by spaces or commas.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "witin/error.hpp"

namespace witin::package {

// The lines of a text file without their ends (LF or CR LF). Errors, without the file's name: file.*, text.too_large.
[[nodiscard]] Result<std::vector<std::string>> read_lines(const std::filesystem::path& path);

// Error text.integers: `where` names the line.
[[nodiscard]] Result<std::vector<std::int64_t>> parse_integers(std::string_view line, const std::string& where);

}  // namespace witin::package
