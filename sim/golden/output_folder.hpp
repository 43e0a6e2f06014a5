// A folder that appears complete or not at all, and the text files in it.
//
// Files are written into a folder ".witin-sim-*" beside the wanted one, which gets its name at the end.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "witin/error.hpp"

namespace witin::golden {

class OutputFolder {
 public:
  // Error output.folder when `path` holds something and `replace` is not set, or is no folder; output.open.
  [[nodiscard]] static Result<OutputFolder> create(const std::filesystem::path& path, bool replace);
  OutputFolder(OutputFolder&& other) noexcept;
  OutputFolder& operator=(OutputFolder&&) = delete;
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;
  ~OutputFolder();

  // Where files go until commit().
  [[nodiscard]] const std::filesystem::path& files() const { return temporary_; }
  [[nodiscard]] Status commit();

 private:
  OutputFolder() = default;
  std::filesystem::path target_;
  std::filesystem::path temporary_;  // empty: committed
};

// A file written from its beginning to its end; folders above it are made. Errors are kept until close().
class TextFile {
 public:
  explicit TextFile(const std::filesystem::path& path);
  TextFile& operator<<(std::string_view text);
  TextFile& operator<<(char character);
  TextFile& operator<<(std::int64_t number);  // decimal
  // Two bytes, low first.
  void int16(std::int32_t value);
  // Errors: output.open, output.write.
  [[nodiscard]] Status close();

 private:
  void flush();

  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::filesystem::path path_;
  std::unique_ptr<std::FILE, Closer> file_;
  std::string buffer_;
  int error_ = 0;
};

// A node's name as part of a file name: everything but letters, digits, '.', '_' and '-' becomes '_'.
[[nodiscard]] std::string file_name(std::string_view name);

}  // namespace witin::golden
