#include "sim/sweep/journal.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "sim/package/digest.hpp"

namespace witin::sweep {
namespace {

constexpr mode_t kMode = 0666;

std::string checksum(std::string_view record) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::uint32_t crc = package::crc32(std::as_bytes(std::span(record.data(), record.size())));
  std::string text(8, '0');
  for (auto digit = text.rbegin(); digit != text.rend(); ++digit, crc >>= 4) *digit = kHex[crc & 15];
  return text;
}

std::string line_of(const Record& record) {
  const std::string text = to_text(record);
  return checksum(text) + " " + text + "\n";
}

std::optional<Record> parse_line(std::string_view line) {
  if (line.size() < 10 || line[8] != ' ' || checksum(line.substr(9)) != line.substr(0, 8)) return std::nullopt;
  return parse_record(line.substr(9));
}

bool read_all(int fd, std::string& text) {
  std::array<char, 1 << 16> block{};
  for (;;) {
    const ssize_t got = ::pread(fd, block.data(), block.size(), static_cast<off_t>(text.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return false;
    if (got == 0) return true;
    text.append(block.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

Result<Journal> Journal::open(const std::filesystem::path& path, std::string_view digest, const Check& check) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kMode);
  if (fd < 0) {
    return Error{
        "journal.open", "the journal of the sweep cannot be opened", path.string(), "", std::strerror(errno), ""};
  }
  Journal journal(path, fd);
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    journal.empty_ = false;  // not ours to remove
    return Error{"journal.open", "the journal of the sweep is not a file", path.string(), "", "", ""};
  }
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    journal.empty_ = false;
    return Error{"journal.busy",
                 "another process is working on this sweep",
                 path.string(),
                 "",
                 "",
                 "wait for it, or choose another file for the result"};
  }
  if (Status done = journal.read("witin.sweep.journal 1 " + std::string(digest) + "\n", check); !done) {
    return std::move(done).error();
  }
  return journal;
}

Journal::Journal(Journal&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      empty_(other.empty_),
      size_(other.size_),
      found_(std::move(other.found_)),
      dropped_(other.dropped_) {}

Journal::~Journal() {
  if (fd_ < 0) return;
  if (empty_) ::unlink(path_.c_str());
  ::close(fd_);
}

Status Journal::read(const std::string& header, const Check& check) {
  std::string text;
  empty_ = false;
  if (!read_all(fd_, text)) return failed("read");
  // A header that was being written when the process died is begun again.
  const bool begun = text.size() < header.size() && header.starts_with(text);
  if (!begun && !text.starts_with(header)) {
    return Error{"journal.other",
                 "the file is not the journal of this sweep",
                 path_.string(),
                 "",
                 text.starts_with("witin.sweep.journal ") ? "the journal of a sweep with other files or options" : "",
                 "remove it to begin anew, or choose another file for the result"};
  }
  std::size_t good = begun ? 0 : header.size();
  while (!begun) {
    const std::size_t end = text.find('\n', good);
    if (end == std::string::npos) break;
    std::optional<Record> record = parse_line(std::string_view(text).substr(good, end - good));
    if (!record || !check(*record)) break;
    found_.push_back(*std::move(record));
    good = end + 1;
  }
  dropped_ = text.size() - good;
  empty_ = found_.empty();
  size_ = good;
  if (::ftruncate(fd_, static_cast<off_t>(good)) != 0) return failed("written");
  return good == 0 ? write(header) : Status();
}

Status Journal::append(std::span<const Record> records) {
  if (records.empty()) return {};
  std::string text;
  for (const Record& record : records) text += line_of(record);
  empty_ = false;
  return write(text);
}

Status Journal::write(const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t put = ::pwrite(fd_, text.data() + done, text.size() - done, static_cast<off_t>(size_));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return failed("written");
    done += static_cast<std::size_t>(put);
    size_ += static_cast<std::uint64_t>(put);
  }
  return ::fdatasync(fd_) == 0 ? Status() : failed("written");
}

void Journal::remove() { empty_ = true; }

Error Journal::failed(std::string_view what) const {
  return Error{"journal.write",      "the journal of the sweep cannot be " + std::string(what),
               path_.string(),       "",
               std::strerror(errno), ""};
}

}  // namespace witin::sweep
