// The file beside the result in which a sweep keeps every finished unit, so that it can go on after it was killed.
//
//   witin.sweep.journal 1 DIGEST          DIGEST: sha256 of all that decides the results
//   CRC RECORD                            a line for each unit; CRC-32 of RECORD in eight hex digits
//
// Records are on the disk before append() returns. What stands behind the first damaged line is lost, not trusted.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "sim/sweep/measurement.hpp"

namespace witin::sweep {

class Journal {
 public:
  // Whether a record can be of this sweep.
  using Check = std::function<bool(const Record&)>;

  // Begins a journal or continues one of the same digest, and keeps other processes away from it. Errors:
  // journal.open, journal.other (another sweep, or no journal at all), journal.busy, journal.write.
  [[nodiscard]] static Result<Journal> open(const std::filesystem::path& path, std::string_view digest,
                                            const Check& check);
  Journal(Journal&& other) noexcept;
  Journal& operator=(Journal&& other) = delete;
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  ~Journal();  // the file stays when it holds a record

  [[nodiscard]] const std::vector<Record>& found() const { return found_; }  // when it was opened
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }           // bytes that were damaged
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  [[nodiscard]] Status append(std::span<const Record> records);
  void remove();  // the sweep is complete

 private:
  Journal(std::filesystem::path path, int fd) : path_(std::move(path)), fd_(fd) {}
  [[nodiscard]] Status read(const std::string& header, const Check& check);
  [[nodiscard]] Status write(const std::string& text);
  [[nodiscard]] Error failed(std::string_view what) const;

  std::filesystem::path path_;
  int fd_ = -1;
  bool empty_ = true;  // of records
  std::uint64_t size_ = 0;
  std::vector<Record> found_;
  std::uint64_t dropped_ = 0;
};

}  // namespace witin::sweep
