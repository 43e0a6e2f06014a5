// Where untrusted bytes come from: a file read by position, or memory. A file that shrinks or fails while it is read is
// an error value (files are never mapped, so there is no SIGBUS).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "witin/error.hpp"

namespace witin::package {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  // Fills `out` from `offset` on; bytes beyond the size are the error file.changed. Safe from several threads.
  [[nodiscard]] virtual Status read(std::uint64_t offset, std::span<std::byte> out) const = 0;
};

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::span<const std::byte> bytes) : bytes_(bytes) {}
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  [[nodiscard]] Status read(std::uint64_t offset, std::span<std::byte> out) const override;

 private:
  std::span<const std::byte> bytes_;
};

// A regular file, open for reading. Errors: file.open, file.not_regular.
class File final : public ByteSource {
 public:
  [[nodiscard]] static Result<File> open(const std::filesystem::path& path);
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() override;

  [[nodiscard]] std::uint64_t size() const override { return size_; }
  [[nodiscard]] Status read(std::uint64_t offset, std::span<std::byte> out) const override;

 private:
  File(int fd, std::uint64_t size) : fd_(fd), size_(size) {}

  int fd_;
  std::uint64_t size_;  // when it was opened
};

// A part of a file under its own offsets: one stored member of a zip.
class Section final : public ByteSource {
 public:
  Section(const ByteSource& whole, std::uint64_t offset, std::uint64_t size)
      : whole_(&whole), offset_(offset), size_(size) {}
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  [[nodiscard]] Status read(std::uint64_t offset, std::span<std::byte> out) const override;

 private:
  const ByteSource* whole_;
  std::uint64_t offset_;
  std::uint64_t size_;
};

}  // namespace witin::package
