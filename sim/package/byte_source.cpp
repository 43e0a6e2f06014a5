#include "sim/package/byte_source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace witin::package {
namespace {

std::string reason(int error) { return std::generic_category().message(error); }

Error beyond_end(std::uint64_t offset, std::size_t wanted, std::uint64_t size) {
  return Error{"file.changed",
               "the file ended while it was read",
               "byte " + std::to_string(offset),
               std::to_string(wanted) + " bytes more",
               "a file of " + std::to_string(size) + " bytes",
               "it was changed or is on a failing disk"};
}

bool inside(std::uint64_t offset, std::size_t length, std::uint64_t size) {
  return offset <= size && length <= size - offset;
}

}  // namespace

Status MemorySource::read(std::uint64_t offset, std::span<std::byte> out) const {
  if (!inside(offset, out.size(), size())) return beyond_end(offset, out.size(), size());
  std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
  return {};
}

Status Section::read(std::uint64_t offset, std::span<std::byte> out) const {
  if (!inside(offset, out.size(), size_)) return beyond_end(offset, out.size(), size_);
  return whole_->read(offset_ + offset, out);
}

Result<File> File::open(const std::filesystem::path& path) {
  // Non-blocking: opening a pipe must not wait for its writer. It has no effect on regular files.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return Error{"file.open", "cannot be opened", "", "a readable file", reason(errno), ""};
  struct stat info {};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(fd);
    return Error{"file.not_regular",
                 "is not a regular file",
                 "",
                 "a regular file",
                 S_ISDIR(info.st_mode) ? "a directory" : "a device, pipe or socket",
                 ""};
  }
  return File(fd, static_cast<std::uint64_t>(info.st_size));
}

File::File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)), size_(other.size_) {}

File& File::operator=(File&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(size_, other.size_);
  return *this;
}

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

Status File::read(std::uint64_t offset, std::span<std::byte> out) const {
  if (!inside(offset, out.size(), size_)) return beyond_end(offset, out.size(), size_);
  while (!out.empty()) {
    const ssize_t got = ::pread(fd_, out.data(), out.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return Error{"file.read", "cannot be read", "byte " + std::to_string(offset), "", reason(errno), ""};
    }
    if (got == 0) return beyond_end(offset, out.size(), offset);
    out = out.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return {};
}

}  // namespace witin::package
