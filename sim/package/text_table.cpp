#include "sim/package/text_table.hpp"

#include <algorithm>
#include <limits>

#include "sim/package/limits.hpp"

namespace witin::package {
namespace {

constexpr std::int64_t kColumns = limits::kFrameElements;
constexpr std::size_t kFirstBytes = std::size_t{4} << 10;  // of a scan that may end after one row; then twice as many

bool is_separator(char c) { return c == ' ' || c == '\t' || c == ',' || c == '\r'; }

// Reads rows from a place of a file on. `Rows` has begin_row(offset) -> bool (false: stop), value(int32) and
// end_row() -> Status.
template <typename Rows>
class Scanner {
 public:
  Scanner(const ByteSource& file, std::uint64_t offset, Rows& rows) : file_(file), offset_(offset), rows_(rows) {}

  Status run() {
    std::vector<std::byte> block;
    for (std::size_t most = kFirstBytes; offset_ < file_.size(); most = std::min(2 * most, limits::kBlockBytes)) {
      block.resize(static_cast<std::size_t>(std::min<std::uint64_t>(most, file_.size() - offset_)));
      if (Status status = file_.read(offset_, block); !status) return status;
      for (const std::byte byte : block) {
        if (Status status = take(static_cast<char>(byte)); !status) return status;
        if (stopped_) return {};
        ++offset_;
      }
    }
    if (Status status = end_number(); !status) return status;
    return in_row_ ? rows_.end_row() : Status{};
  }

 private:
  Status take(char c) {
    if (c == '\n') {
      if (Status status = end_number(); !status) return status;
      if (in_row_) {
        if (Status status = rows_.end_row(); !status) return status;
      }
      in_row_ = false;
      return {};
    }
    if (is_separator(c)) return end_number();
    const bool sign = c == '-' && digits_ == 0 && !negative_;
    if (!sign && (c < '0' || c > '9')) return refuse("text.byte", "a text of integers holds something else");
    if (!in_row_) {
      in_row_ = true;
      stopped_ = !rows_.begin_row(offset_);
      if (stopped_) return {};
    }
    if (sign) {
      negative_ = true;
      return {};
    }
    value_ = value_ * 10 + (c - '0');
    if (++digits_ > 18 || value_ > std::int64_t{1} << 31) {
      return refuse("text.range", "an integer is beyond 32 bits");
    }
    return {};
  }

  Status end_number() {
    if (digits_ == 0) return negative_ ? refuse("text.byte", "a sign without a number") : Status{};
    const std::int64_t value = negative_ ? -value_ : value_;
    if (value > std::numeric_limits<std::int32_t>::max()) {
      return refuse("text.range", "an integer is beyond 32 bits");
    }
    rows_.value(static_cast<std::int32_t>(value));
    value_ = 0;
    digits_ = 0;
    negative_ = false;
    return {};
  }

  [[nodiscard]] Status refuse(std::string_view code, std::string_view what) const {
    return Error{std::string(code), std::string(what), "byte " + std::to_string(offset_), "decimal integers", "", ""};
  }

  const ByteSource& file_;
  std::uint64_t offset_;
  Rows& rows_;
  bool in_row_ = false;
  bool stopped_ = false;
  bool negative_ = false;
  int digits_ = 0;
  std::int64_t value_ = 0;
};

// Counts, and remembers where rows begin.
struct Survey {
  std::int64_t rows_per_mark;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t in_row = 0;
  std::vector<std::uint64_t> marks = {};

  bool begin_row(std::uint64_t offset) {
    in_row = 0;
    if (rows % rows_per_mark == 0) marks.push_back(offset);
    return true;
  }
  void value(std::int32_t) { ++in_row; }
  Status end_row() {
    if (rows == 0) columns = in_row;
    if (in_row != columns || in_row > kColumns) {
      return Error{"text.columns",
                   "a row has another number of integers than the first",
                   "row " + std::to_string(rows + 1),
                   std::to_string(columns),
                   std::to_string(in_row),
                   ""};
    }
    ++rows;
    return {};
  }
};

struct Copy {
  std::int64_t skip;  // rows before the first that is wanted
  std::int64_t count;
  std::int64_t columns;
  std::int32_t* out;
  std::int64_t row = 0;
  std::int64_t column = 0;

  bool begin_row(std::uint64_t) {
    column = 0;
    return row < skip + count;
  }
  void value(std::int32_t value) {
    if (row >= skip && column < columns) out[(row - skip) * columns + column] = value;
    ++column;
  }
  Status end_row() {
    if (column != columns) return Error{"file.changed", "the file changed while it was read", "", "", "", ""};
    ++row;
    return {};
  }
};

}  // namespace

Result<TextTable> TextTable::open(std::shared_ptr<const ByteSource> file) {
  Survey survey{kRowsPerMark};
  if (Status status = Scanner(*file, 0, survey).run(); !status) return std::move(status).error();
  if (survey.rows == 0) return Error{"text.empty", "the file holds no integers", "", "rows of integers", "nothing", ""};
  TextTable table;
  table.file_ = std::move(file);
  table.rows_ = survey.rows;
  table.columns_ = survey.columns;
  table.marks_ = std::move(survey.marks);
  return table;
}

Status TextTable::read(std::int64_t first, std::int64_t count, std::int32_t* out) const {
  if (count == 0) return {};
  const std::int64_t mark = first / kRowsPerMark;
  Copy copy{first - mark * kRowsPerMark, count, columns_, out};
  if (Status status = Scanner(*file_, marks_[static_cast<std::size_t>(mark)], copy).run(); !status) return status;
  if (copy.row < copy.skip + count) {
    return Error{"file.changed", "the file changed while it was read", "", "", "", ""};
  }
  return {};
}

}  // namespace witin::package
