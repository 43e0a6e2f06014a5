#include "sim/report/table.hpp"

#include <doctest/doctest.h>

using namespace witin::report;

TEST_CASE("columns line up without spaces at the end") {
  Table table({{"name"}, {"n", Table::Align::kRight}, {"last"}});
  table.add({"a", "1", ""});
  table.add({"longer", "1000", "x"});
  CHECK(table.text() ==
        "name       n  last\n"
        "a          1\n"
        "longer  1000  x\n");
  CHECK(Table({{"only"}}).text() == "only\n");
}

TEST_CASE("a share is 0 % or 100 % only where it is exact") {
  CHECK(percent(0, 0) == "-");
  CHECK(percent(0, 7) == "0 %");
  CHECK(percent(7, 7) == "100 %");
  CHECK(percent(1, 3) == "33.3 %");
  CHECK(percent(2, 3) == "66.7 %");
  CHECK(percent(1, 2000) == "0.1 %");
  CHECK(percent(1, 2001) == "<0.1 %");
  CHECK(percent(1999, 2000) == ">99.9 %");
  CHECK(percent(1998, 2000) == "99.9 %");
  CHECK(percent(1'000'000'000'000, 3'000'000'000'000) == "33.3 %");
}

TEST_CASE("one thing, several things") {
  CHECK(counted(0, "frame") == "0 frames");
  CHECK(counted(1, "frame") == "1 frame");
  CHECK(counted(2, "frame") == "2 frames");
}
