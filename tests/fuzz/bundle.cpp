#include "tests/fuzz/bundle.hpp"

#include <stdlib.h>

#include <algorithm>
#include <fstream>
#include <system_error>

#include "tests/fuzz/check.hpp"

namespace witin::fuzz {
namespace {

constexpr std::string_view kMark = "@@ ";
constexpr std::size_t kMostFiles = 24;
constexpr std::size_t kLongestName = 120;

bool is_name(std::string_view name) {
  constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-/";
  if (name.empty() || name.size() > kLongestName || name.find_first_not_of(kAllowed) != std::string_view::npos) {
    return false;
  }
  const std::filesystem::path path(name);
  return path.is_relative() && path.has_filename() &&
         std::ranges::none_of(path, [](const auto& part) { return part == "." || part == ".."; });
}

}  // namespace

std::vector<BundleFile> parse_bundle(std::string_view text) {
  std::vector<BundleFile> files;
  while (text.starts_with(kMark) && files.size() < kMostFiles) {
    text.remove_prefix(kMark.size());
    const std::size_t end_of_name = std::min(text.find('\n'), text.size());
    const std::string_view name = text.substr(0, end_of_name);
    text.remove_prefix(std::min(end_of_name + 1, text.size()));
    const std::size_t end = std::min(text.find("\n@@ "), text.size());
    if (is_name(name)) files.push_back({std::string(name), std::string(text.substr(0, end))});
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return files;
}

std::string write_bundle(std::span<const BundleFile> files) {
  std::string text;
  for (const BundleFile& file : files) {
    if (!text.empty()) text += '\n';
    text += std::string(kMark) + file.name + '\n' + file.content;
  }
  return text;
}

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "witin-fuzz-XXXXXX").string();
  require(::mkdtemp(name.data()) != nullptr, "no folder can be made for the files");
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void Folder::write(std::span<const BundleFile> files) const {
  for (const BundleFile& file : files) write(file.name, file.content);
}

void Folder::write(std::string_view name, std::string_view content) const {
  const std::filesystem::path path = path_ / name;
  std::error_code ignored;
  std::filesystem::create_directories(path.parent_path(), ignored);
  std::ofstream stream(path, std::ios::binary);
  stream.write(content.data(), static_cast<std::streamsize>(content.size()));
}

}  // namespace witin::fuzz
