// Text files of integers: tables of codes, and the mapper's lists.
#include <doctest/doctest.h>

#include <filesystem>
#include <numeric>

#include "sim/package/integer_lines.hpp"
#include "sim/package/limits.hpp"
#include "sim/package/mapper_files.hpp"
#include "sim/package/text_table.hpp"
#include "tests/support/temp_dir.hpp"

namespace {

using namespace witin;
using package::TextTable;
using test::TempDir;
using test::write_text;

std::shared_ptr<const package::ByteSource> source(const std::filesystem::path& path) {
  Result<package::File> file = package::File::open(path);
  REQUIRE(file.ok());
  return std::make_shared<const package::File>(std::move(*file));
}

// "code where" of the error.
template <typename T>
std::string outcome(const Result<T>& result) {
  return result.ok() ? "" : result.error().code + " " + result.error().where;
}

struct Written {
  TempDir dir;
  std::filesystem::path path = dir / "a.txt";

  explicit Written(std::string_view text) { write_text(path, text); }
};

std::string table_error(std::string_view text) {
  const Written file(text);
  return outcome(TextTable::open(source(file.path)));
}

std::string layers_error(std::string_view text) { return outcome(package::read_layers(Written(text).path)); }
std::string frames_error(std::string_view text) { return outcome(package::read_sampled_frames(Written(text).path)); }
std::string log_error(std::string_view text) { return outcome(package::read_program_log(Written(text).path)); }

constexpr std::string_view kRow = "3\t1\t2\t3\t4\t5\t6\t7\t8\t9\t10\t 11.5 \t\n";

}  // namespace

TEST_CASE("text table: rows in any part, in every spelling") {
  const Written file("1, -2,3\r\n\n  4\t5 2147483647 ,\n-2147483648 0 -0");
  const auto table = TextTable::open(source(file.path));
  REQUIRE_MESSAGE(table.ok(), table.error().line());
  REQUIRE(table->rows() == 3);
  REQUIRE(table->columns() == 3);
  const std::vector<std::int32_t> expected{1, -2, 3, 4, 5, INT32_MAX, INT32_MIN, 0, 0};
  for (std::int64_t first = 0; first <= 3; ++first) {
    for (std::int64_t count = 0; count <= 3 - first; ++count) {
      std::vector<std::int32_t> rows(static_cast<std::size_t>(3 * count));
      REQUIRE(table->read(first, count, rows.data()).ok());
      CHECK(std::equal(rows.begin(), rows.end(), expected.begin() + 3 * first));
    }
  }
}

TEST_CASE("text table: every row of a file of many marks and blocks") {
  std::string text;
  constexpr std::int32_t kRows = 70'000;
  for (std::int32_t i = 0; i < kRows; ++i) text += std::to_string(i) + "," + std::to_string(-i) + "\n";
  REQUIRE(text.size() > 2 * package::limits::kBlockBytes);
  const Written file(text);
  const auto table = TextTable::open(source(file.path));
  REQUIRE(table.ok());
  REQUIRE(table->rows() == kRows);
  for (const std::int32_t first : {0, 1, 31, 32, 33, 40'000, kRows - 65, kRows - 1}) {
    const std::int32_t count = std::min(kRows - first, 65);
    std::vector<std::int32_t> rows(static_cast<std::size_t>(2 * count));
    REQUIRE(table->read(first, count, rows.data()).ok());
    for (std::int32_t i = 0; i < count; ++i) {
      REQUIRE(rows[static_cast<std::size_t>(2 * i)] == first + i);
      REQUIRE(rows[static_cast<std::size_t>(2 * i + 1)] == -(first + i));
    }
  }
}

TEST_CASE("text table: what is no table of 32-bit integers") {
  CHECK(table_error("1 2\n3 4\n") == "");
  CHECK(table_error("") == "text.empty ");
  CHECK(table_error(" ,\n\n") == "text.empty ");
  CHECK(table_error("1 2\n3 x\n") == "text.byte byte 6");
  CHECK(table_error("1.5\n") == "text.byte byte 1");
  CHECK(table_error("1-2\n") == "text.byte byte 1");
  CHECK(table_error("--1\n") == "text.byte byte 1");
  CHECK(table_error("1 - 2\n") == "text.byte byte 3");
  CHECK(table_error("1 -") == "text.byte byte 3");
  CHECK(table_error("2147483647 -2147483648") == "");
  CHECK(table_error("2147483648\n") == "text.range byte 10");
  CHECK(table_error("-2147483649\n") == "text.range byte 10");
  CHECK(table_error(std::string(18, '0') + "\n") == "");
  CHECK(table_error(std::string(19, '0') + "\n") == "text.range byte 18");
  CHECK(table_error("1 2\n3\n") == "text.columns row 2");
  CHECK(table_error("1\n2 3") == "text.columns row 2");
}

TEST_CASE("text table: a file that changes after it was opened") {
  const auto read = [](std::string_view then) {
    const Written file("1 2\n3 4\n5 6\n");
    const auto table = TextTable::open(source(file.path));
    REQUIRE(table.ok());
    write_text(file.path, then);
    std::array<std::int32_t, 6> rows{};
    const Status status = table->read(0, 3, rows.data());
    return status.ok() ? "" : status.error().code;
  };
  CHECK(read("1 2\n3 4\n5 7\n") == "");
  CHECK(read("1 2\n3 4\n") == "file.changed");       // shorter
  CHECK(read("1 2\n3 4 5 6\n") == "file.changed");   // as long, with other rows
  CHECK(read("1 2\n3 4\n     ") == "file.changed");  // as long, with fewer rows
  CHECK(read("1 2\n3 4\n5 x\n") == "text.byte");
}

TEST_CASE("lines of integers") {
  const Written file("a\r\n\nb c");
  const auto lines = package::read_lines(file.path);
  REQUIRE(lines.ok());
  CHECK(*lines == std::vector<std::string>{"a", "", "b c"});
  CHECK(outcome(package::read_lines(file.dir / "none")) == "file.open ");
  CHECK(*package::parse_integers(" 1,-2\t3 ,", "") == std::vector<std::int64_t>{1, -2, 3});
  CHECK(package::parse_integers("", "")->empty());
  CHECK(outcome(package::parse_integers("1 2x", "here")) == "text.integers here");
  CHECK(outcome(package::parse_integers("9223372036854775808", "here")) == "text.integers here");
}

TEST_CASE("lines of integers: a file larger than the limit is not read") {
  const Written file("");
  for (const std::size_t size : {package::limits::kTextFileBytes - 1, package::limits::kTextFileBytes}) {
    std::filesystem::resize_file(file.path, size);  // one line of NUL, which takes no room on the disk
    const auto lines = package::read_lines(file.path);
    REQUIRE(lines.ok());
    REQUIRE(lines->size() == 1);
    CHECK(lines->front().size() == size);
  }
  std::filesystem::resize_file(file.path, package::limits::kTextFileBytes + 1);
  CHECK(package::read_lines(file.path).error().line() ==
        "the file is too large; expected at most 67108864 bytes, found 67108865 bytes [text.too_large]");
}

TEST_CASE("mapper files: layers.txt") {
  const Written file("0, 2, 0, 9, 0, 0, 1024\n\n 3 3 5 5 1 1 512\n");
  const auto layers = package::read_layers(file.path);
  REQUIRE(layers.ok());
  REQUIRE(layers->size() == 2);
  CHECK(layers->at(0).rows == 10);
  CHECK(layers->at(0).columns == 3);
  CHECK(layers->at(1).rows == 1);
  CHECK(layers->at(1).columns == 1);

  CHECK(layers_error("0 0 0 0 0 0 8\n0 2 0 9 0 0\n") == "mapper.layers line 2");
  CHECK(layers_error("0 2 0 9 0 0 8 1\n") == "mapper.layers line 1");
  CHECK(layers_error("0 2 0 x 0 0 8\n") == "mapper.layers line 1");
  CHECK(layers_error("3 2 0 9 0 0 8\n") == "mapper.layers line 1");
  CHECK(layers_error("0 2 -1 9 0 0 8\n") == "mapper.layers line 1");
  CHECK(layers_error("0 65535 0 65535 0 0 8\n") == "");
  CHECK(layers_error("0 65536 0 9 0 0 8\n") == "mapper.layers line 1");
  std::string many;
  for (std::size_t i = 0; i < package::limits::kNodes; ++i) many += "0 0 0 0 0 0 8\n";
  CHECK(layers_error(many) == "");
  CHECK(layers_error(many + "0 0 0 0 0 0 8\n") == "mapper.layers line 10001");
  CHECK(outcome(package::read_layers(file.dir / "none")) == "file.open ");
}

TEST_CASE("mapper files: random_idx.txt") {
  const Written file("calibration_start = 100\nnet 0, layer 0\n0,5,7\nnet 0, layer 1\n3\n");
  const auto frames = package::read_sampled_frames(file.path);
  REQUIRE(frames.ok());
  CHECK(*frames == std::vector<std::vector<std::int64_t>>{{100, 105, 107}, {103}});

  CHECK(frames_error("") == "");
  CHECK(frames_error("1 2\n") == "mapper.random_idx line 1");
  CHECK(frames_error("calibration_start = 1\ncalibration_start = 2\n") == "mapper.random_idx line 2");
  CHECK(frames_error("calibration_start = 1 2\n") == "mapper.random_idx line 1");
  CHECK(frames_error("calibration_start = x\n") == "mapper.random_idx line 1");
  CHECK(frames_error("calibration_start = -1\n") == "mapper.random_idx line 1");
  CHECK(frames_error("calibration_start = 1\n2 x\n") == "mapper.random_idx line 2");
  CHECK(frames_error("calibration_start = 1099511627775\n1099511627775") == "");
  CHECK(frames_error("calibration_start = 1\n1099511627776") == "mapper.random_idx line 2");
  CHECK(outcome(package::read_sampled_frames(file.dir / "none")) == "file.open ");
}

TEST_CASE("mapper files: program.log") {
  const std::string row(kRow);
  const std::string other = "3\t9\t2\t3\t4\t5\t6\t7\t8\t9\t10\t1e-3\n";
  const Written file("noise\there\nSTAT START 1\nheader\n" + row + other + "STAT END 1\n");
  const auto pairs = package::read_program_log(file.path);
  REQUIRE(pairs.ok());
  REQUIRE(pairs->size() == 1);
  CHECK(pairs->front().first.layer == 3);
  CHECK(pairs->front().first.figures == std::array<double, 11>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11.5});
  CHECK(pairs->front().second.figures == std::array<double, 11>{9, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0.001});

  const auto block = [](const std::string& rows) { return log_error("STAT START\n" + rows + "STAT END\n"); };
  CHECK(block("") == "");
  CHECK(block(row) == "mapper.log line 3");                          // half a pair
  CHECK(block(row + "4" + other.substr(1)) == "mapper.log line 3");  // of another layer
  CHECK(block("3\t1\n") == "mapper.log line 2");
  CHECK(block("3\t1\t2\t3\t4\t5\t6\t7\t8\t9\t10\t11\t12\n") == "mapper.log line 2");
  CHECK(block("3\t1\t2\t3\t4\tfive\t6\t7\t8\t9\t10\t11\n") == "mapper.log line 2");
  CHECK(block("1.5\t1\t2\t3\t4\t5\t6\t7\t8\t9\t10\t11\n") == "mapper.log line 2");
  CHECK(block("-1\t1\t2\t3\t4\t5\t6\t7\t8\t9\t10\t11\n") == "mapper.log line 2");
  CHECK(log_error("STAT START\n") == "mapper.log line 2");
  CHECK(log_error("STAT END\n") == "mapper.log line 1");
  CHECK(log_error("STAT START\nSTAT START\n") == "mapper.log line 2");
  CHECK(outcome(package::read_program_log(file.dir / "none")) == "file.open ");
}
