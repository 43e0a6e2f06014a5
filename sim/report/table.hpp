// Columns of text that line up, and the words numbers are printed with.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace witin::report {

class Table {
 public:
  enum class Align : std::uint8_t { kLeft, kRight };
  struct Column {
    std::string title;
    Align align = Align::kLeft;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // As many cells as columns.
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

  // A line of titles and one for each row, each ended by a line end, without spaces before it.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// "12.3 %"; "0 %" and "100 %" only where that is exact, else "<0.1 %" and ">99.9 %"; "-" of nothing.
[[nodiscard]] std::string percent(std::int64_t part, std::int64_t whole);

// "1 frame", "2 frames".
[[nodiscard]] std::string counted(std::int64_t count, std::string_view noun);

}  // namespace witin::report
