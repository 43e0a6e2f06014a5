// A file that appears complete or not at all: written beside its place without a name, named when it is finished.
//
// Until commit() the file has no name where the file system allows that (O_TMPFILE), so nothing remains of a run that
// is killed; elsewhere it is ".witin-sim-*.part" in the same directory and is removed by the destructor. A device such
// as /dev/null is written in place.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "witin/error.hpp"

namespace witin::trace {

class OutputFile {
 public:
  enum class Unnamed : std::uint8_t { kIfPossible, kNever };  // kNever: for tests of file systems without O_TMPFILE

  // `size` is the final size; its space is reserved where the file system can. Errors: output.open, output.not_a_file,
  // output.no_space (also beyond the process's limit on file sizes).
  [[nodiscard]] static Result<OutputFile> create(const std::filesystem::path& path, std::uint64_t size,
                                                 Unnamed unnamed = Unnamed::kIfPossible);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&& other) noexcept;
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile();  // without commit(): nothing remains

  // Safe from several threads. Errors: output.no_space, output.write.
  [[nodiscard]] Status write(std::uint64_t offset, std::span<const std::byte> bytes) const;

  // Gives the file its name, replacing what had it. Errors: output.rename.
  [[nodiscard]] Status commit();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  OutputFile() = default;
  [[nodiscard]] Status open(bool unnamed);
  [[nodiscard]] Status reserve(std::uint64_t size) const;
  [[nodiscard]] Status link();
  void discard() noexcept;

  std::filesystem::path path_;       // as the caller gave it, for messages
  std::filesystem::path target_;     // links resolved
  std::filesystem::path temporary_;  // empty: no name yet, or a device
  int fd_ = -1;
  bool device_ = false;
};

// The whole text as one file, complete or absent.
[[nodiscard]] Status write_file(const std::filesystem::path& path, std::string_view text);

}  // namespace witin::trace
