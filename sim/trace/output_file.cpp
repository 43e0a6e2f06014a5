#include "sim/trace/output_file.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <string>
#include <system_error>
#include <utility>

namespace witin::trace {
namespace {

constexpr mode_t kMode = 0666;  // the process's umask is applied

std::string reason(int error) { return std::generic_category().message(error); }

Error no_space(const std::filesystem::path& path, std::uint64_t size, std::string why) {
  return Error{"output.no_space", "there is no space for the file",
               path.string(),     std::to_string(size) + " bytes",
               std::move(why),    ""};
}

bool is_no_space(int error) { return error == ENOSPC || error == EDQUOT || error == EFBIG; }

// The name of an open file that has none yet.
std::string descriptor_path(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

std::filesystem::path temporary_name(const std::filesystem::path& directory) {
  static std::atomic<std::uint64_t> counter{0};
  return directory / (".witin-sim-" + std::to_string(::getpid()) + "-" + std::to_string(counter++) + ".part");
}

}  // namespace

Result<OutputFile> OutputFile::create(const std::filesystem::path& path, std::uint64_t size, Unnamed unnamed) {
  OutputFile file;
  file.path_ = path;
  if (Status status = file.open(unnamed == Unnamed::kIfPossible); !status) return std::move(status).error();
  if (Status status = file.reserve(size); !status) return std::move(status).error();
  return file;
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)),
      target_(std::move(other.target_)),
      temporary_(std::exchange(other.temporary_, {})),
      fd_(std::exchange(other.fd_, -1)),
      device_(other.device_) {}

OutputFile& OutputFile::operator=(OutputFile&& other) noexcept {
  if (this == &other) return *this;
  discard();
  path_ = std::move(other.path_);
  target_ = std::move(other.target_);
  temporary_ = std::exchange(other.temporary_, {});
  fd_ = std::exchange(other.fd_, -1);
  device_ = other.device_;
  return *this;
}

OutputFile::~OutputFile() { discard(); }

void OutputFile::discard() noexcept {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
  temporary_.clear();
}

Status OutputFile::open(bool unnamed) {
  const auto failed = [&](int error) {
    return Error{
        "output.open", "the file cannot be written", path_.string(), "a writable directory", reason(error), ""};
  };
  if (path_.empty() || !path_.has_filename()) return failed(EISDIR);
  std::error_code error;
  target_ = std::filesystem::weakly_canonical(path_, error);
  if (error) return failed(error.value());
  struct stat info {};
  if (::stat(target_.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    device_ = S_ISCHR(info.st_mode);
    if (!device_) {
      return Error{"output.not_a_file",
                   "the output is not a file",
                   path_.string(),
                   "a file or a new name",
                   S_ISDIR(info.st_mode) ? "a directory" : "a pipe, socket or disk",
                   ""};
    }
    fd_ = ::open(target_.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
    return fd_ < 0 ? Status(failed(errno)) : Status{};
  }
  const std::filesystem::path directory = target_.parent_path();
  if (unnamed) {
    fd_ = ::open(directory.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, kMode);
    // Without /proc the file could never be given its name.
    if (fd_ >= 0 && ::access(descriptor_path(fd_).c_str(), F_OK) == 0) return {};
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  std::filesystem::path name = temporary_name(directory);
  fd_ = ::open(name.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, kMode);
  if (fd_ < 0) return failed(errno);
  temporary_ = std::move(name);
  return {};
}

Status OutputFile::reserve(std::uint64_t size) const {
  if (size > static_cast<std::uint64_t>(INT64_MAX)) return no_space(path_, size, "more than a file can hold");
  if (device_ || size == 0) return {};
  // Asked first, because exceeding it raises a signal.
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && size > limit.rlim_cur) {
    return no_space(path_, size, "a limit of " + std::to_string(limit.rlim_cur) + " bytes on file sizes");
  }
  // Asked next, because reserving more than there is fills the disk before it fails.
  struct statvfs space {};
  if (::fstatvfs(fd_, &space) == 0 && space.f_frsize != 0 && size / space.f_frsize > space.f_bavail) {
    return no_space(path_, size, std::to_string(space.f_bavail * space.f_frsize) + " bytes");
  }
  int result = 0;
  do {
    result = ::fallocate(fd_, 0, 0, static_cast<off_t>(size));
  } while (result != 0 && errno == EINTR);
  if (result != 0 && is_no_space(errno)) return no_space(path_, size, reason(errno));
  if (result != 0) result = ::ftruncate(fd_, static_cast<off_t>(size));  // a file system that cannot reserve
  if (result != 0) return no_space(path_, size, reason(errno));
  return {};
}

Status OutputFile::write(std::uint64_t offset, std::span<const std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t put = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && is_no_space(errno)) return no_space(path_, bytes.size(), reason(errno));
    if (put < 0) {
      return Error{"output.write", "the file cannot be written", path_.string(), "", reason(errno), ""};
    }
    bytes = bytes.subspan(static_cast<std::size_t>(put));
    offset += static_cast<std::uint64_t>(put);
  }
  return {};
}

Status OutputFile::link() {
  std::filesystem::path name = temporary_name(target_.parent_path());
  if (::linkat(AT_FDCWD, descriptor_path(fd_).c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) != 0) {
    return Error{"output.rename", "the finished file cannot be given its name", path_.string(), "", reason(errno), ""};
  }
  temporary_ = std::move(name);
  return {};
}

Status OutputFile::commit() {
  if (!device_) {
    if (temporary_.empty()) {
      if (Status status = link(); !status) return status;
    }
    if (::rename(temporary_.c_str(), target_.c_str()) != 0) {
      return Error{
          "output.rename", "the finished file cannot be given its name", path_.string(), "", reason(errno), ""};
    }
    temporary_.clear();
  }
  if (::close(std::exchange(fd_, -1)) != 0) {
    const int error = errno;
    if (!device_) ::unlink(target_.c_str());
    return Error{"output.write", "the file cannot be written", path_.string(), "", reason(error), ""};
  }
  return {};
}

Status write_file(const std::filesystem::path& path, std::string_view text) {
  Result<OutputFile> file = OutputFile::create(path, text.size());
  if (!file) return std::move(file).error();
  if (Status status = file->write(0, std::as_bytes(std::span(text.data(), text.size()))); !status) return status;
  return file->commit();
}

}  // namespace witin::trace
