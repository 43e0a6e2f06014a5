#include "sim/number_text.hpp"

#include <doctest/doctest.h>

#include <limits>

using witin::number_text;

TEST_CASE("number_text: digits of whole numbers, the shortest text of others") {
  CHECK(number_text(0) == "0");
  CHECK(number_text(-16777216) == "-16777216");
  CHECK(number_text(1e6) == "1000000");
  CHECK(number_text(0x1p-32) == "2.3283064365386963e-10");
  CHECK(number_text(0.3) == "0.3");
  CHECK(number_text(1e300) == "1e+300");
  CHECK(number_text(std::numeric_limits<double>::infinity()) == "inf");
  CHECK(number_text(std::numeric_limits<double>::quiet_NaN()) == "nan");
}
