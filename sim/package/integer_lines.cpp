#include "sim/package/integer_lines.hpp"

#include <charconv>
#include <span>

#include "sim/package/byte_source.hpp"
#include "sim/package/limits.hpp"

namespace witin::package {

Result<std::vector<std::string>> read_lines(const std::filesystem::path& path) {
  const Result<File> file = File::open(path);
  if (!file) return file.error();
  if (file->size() > limits::kTextFileBytes) {
    return Error{"text.too_large",
                 "the file is too large",
                 "",
                 "at most " + std::to_string(limits::kTextFileBytes) + " bytes",
                 std::to_string(file->size()) + " bytes",
                 ""};
  }
  std::string text(static_cast<std::size_t>(file->size()), '\0');
  if (Status read = file->read(0, std::as_writable_bytes(std::span(text))); !read) return std::move(read).error();
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    if (line.ends_with('\r')) line.pop_back();
    lines.push_back(std::move(line));
    at = end + 1;
  }
  return lines;
}

Result<std::vector<std::int64_t>> parse_integers(std::string_view line, const std::string& where) {
  std::vector<std::int64_t> out;
  constexpr std::string_view kBetween = " ,\t";
  for (std::size_t at = line.find_first_not_of(kBetween); at != std::string_view::npos;) {
    const std::size_t end = std::min(line.find_first_of(kBetween, at), line.size());
    std::int64_t value = 0;
    const auto [stop, error] = std::from_chars(line.data() + at, line.data() + end, value);
    if (error != std::errc() || stop != line.data() + end) {
      return Error{"text.integers",
                   "a word is no integer",
                   where,
                   "integers separated by spaces or commas",
                   "'" + std::string(line.substr(at, end - at)) + "'",
                   ""};
    }
    out.push_back(value);
    at = line.find_first_not_of(kBetween, end);
  }
  return out;
}

}  // namespace witin::package
