// Rows of decimal integers as text: one row a line, numbers between spaces, tabs or commas; LF or CR LF; empty lines
// and separators at the end of a line count for nothing. Every row is as long as the first.
//
// The file is checked once when it is opened and parsed again where it is read; memory is small whatever its size.
#pragma once

#include <memory>
#include <vector>

#include "sim/package/byte_source.hpp"

namespace witin::package {

class TextTable {
 public:
  // Codes text.byte (something else than integers), text.range (beyond 32 bits), text.columns, text.empty; file.*.
  [[nodiscard]] static Result<TextTable> open(std::shared_ptr<const ByteSource> file);

  [[nodiscard]] std::int64_t rows() const { return rows_; }
  [[nodiscard]] std::int64_t columns() const { return columns_; }

  // Rows [first, first + count) to `out`. Safe from several threads. Code file.changed where they are no longer there.
  [[nodiscard]] Status read(std::int64_t first, std::int64_t count, std::int32_t* out) const;

 private:
  static constexpr std::int64_t kRowsPerMark = 32;

  std::shared_ptr<const ByteSource> file_;
  std::int64_t rows_ = 0;
  std::int64_t columns_ = 0;
  std::vector<std::uint64_t> marks_;  // where rows 0, kRowsPerMark, ... begin
};

}  // namespace witin::package
