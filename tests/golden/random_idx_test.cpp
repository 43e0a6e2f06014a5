#include "sim/golden/random_idx.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "tests/support/temp_dir.hpp"

using namespace witin;
using namespace witin::golden;

TEST_CASE("random_lines: a permutation of all lines, which begins again where it is too short") {
  for (const std::int64_t available : {1, 2, 7, 90, 1000}) {
    std::vector<std::int64_t> lines = random_lines(available, available + 3);
    const std::vector<std::int64_t> first(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(available));
    CHECK(std::set(first.begin(), first.end()).size() == first.size());
    CHECK(std::ranges::min(first) == 0);
    CHECK(std::ranges::max(first) == available - 1);
    for (std::size_t i = 0; i < 3; ++i) CHECK(lines[first.size() + i] == lines[i]);
    // A shorter sample is the beginning of a longer one.
    const std::int64_t some = std::min<std::int64_t>(available, 5);
    lines.resize(static_cast<std::size_t>(some));
    CHECK(random_lines(available, some) == lines);
  }
}

TEST_CASE("random_lines: every permutation of three occurs among runs of growing length") {
  std::set<std::vector<std::int64_t>> seen;
  for (std::int64_t available = 3; available < 400; ++available) {
    std::vector<std::int64_t> lines = random_lines(available, available);
    std::erase_if(lines, [](std::int64_t line) { return line >= 3; });
    seen.insert(lines);
  }
  CHECK(seen.size() == 6);
}

TEST_CASE("read_random_idx: what a mapper writes, and what it does not") {
  const test::TempDir folder;
  const auto read = [&folder](std::string_view text) {
    test::write_text(folder / "random_idx.txt", text);
    return read_random_idx(folder / "random_idx.txt");
  };
  const auto good = read("calibration_start = 10\r\n\r\nnet 0, layer 1\r\n3,1,2,\r\nnet 1, layer 1\r\n0,0,7,");
  REQUIRE(good.ok());
  CHECK(good->start == 10);
  CHECK(good->layers == std::vector<std::vector<std::int64_t>>{{3, 1, 2}, {0, 0, 7}});

  for (const char* bad : {"", "calibration_start = \n", "calibration_start = -1\n", "start = 1\n",
                          "calibration_start = 1\n\nnet 0, layer 1\n1,-2,",
                          "calibration_start = 1\n\nnet 0, layer 1\n1,2,\nnet 0, layer 2\n1,"}) {
    CAPTURE(bad);
    const auto refused = read(bad);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == "golden.random_idx");
  }
  const auto word = read("calibration_start = 1\n\nnet 0, layer 1\n1,x,");
  REQUIRE_FALSE(word.ok());
  CHECK(word.error().code == "text.integers");
  CHECK(word.error().where.ends_with("line 4"));
}
