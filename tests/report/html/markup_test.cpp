#include "sim/report/html/markup.hpp"

#include <cstdio>
#include <limits>

#include "tests/support/markup.hpp"

using namespace witin::report::html;

TEST_CASE("markup of no text gets through: every pair of bytes") {
  int bad = 0;
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const std::string text{static_cast<char>(a), static_cast<char>(b), '<'};
      const std::string out = escaped(text);
      bad += out.find_first_of("<>\"'") != std::string::npos || !witin::test::is_utf8(out) ? 1 : 0;
    }
  }
  CHECK(bad == 0);
}

TEST_CASE("text that is fine stays as it is") {
  CHECK(escaped("conv_1/Gemm 3.5 \xC3\xA9 \xE5\xB1\x82 \xF0\x9F\x98\x80") ==
        "conv_1/Gemm 3.5 \xC3\xA9 \xE5\xB1\x82 \xF0\x9F\x98\x80");
  CHECK(escaped("a&b<c>\"d'") == "a&amp;b&lt;c&gt;&quot;d&#39;");
  CHECK(escaped("a\nb\x1b[31m") == "a\\x0ab\\x1b[31m");
}

TEST_CASE("broken UTF-8 and marks that turn the writing are replaced") {
  const std::string gone = "\xEF\xBF\xBD";
  CHECK(escaped("\xFF") == gone);
  CHECK(escaped("\xC3") == gone);
  CHECK(escaped("\xC0\xAF") == gone + gone);             // overlong
  CHECK(escaped("\xED\xA0\x80") == gone + gone + gone);  // surrogate
  CHECK(escaped("\xF5\x80\x80\x80") == gone + gone + gone + gone);
  CHECK(escaped("a\xE2\x80\xAE"
                "b") == "a" + gone + "b");  // right-to-left override
  CHECK(escaped("\xC2\x9B") == gone);       // C1 control
}

TEST_CASE("fixed agrees with printf and never prints -0") {
  for (const double value : {0.0, 0.5, 1.5, 2.5, -2.5, 0.125, 1.0 / 3, -1e-9, 123456789.987654321, 1e22, -7.25}) {
    for (const int digits : {0, 1, 2, 5}) {
      char buffer[400];
      std::snprintf(buffer, sizeof buffer, "%.*f", digits, value);
      std::string expected = buffer;
      if (expected.find_first_of("123456789") == std::string::npos && expected[0] == '-') expected.erase(0, 1);
      CHECK(fixed(value, digits) == expected);
    }
  }
  CHECK(fixed(std::numeric_limits<double>::quiet_NaN(), 1) == "-");
  CHECK(fixed(-std::numeric_limits<double>::infinity(), 1) == "-");
  CHECK(fixed(std::numeric_limits<double>::max(), 0).size() == 309);
}

TEST_CASE("counts for people") {
  const std::string space = "\xE2\x80\xAF";
  CHECK(grouped(0) == "0");
  CHECK(grouped(-1234) == "-1234");
  CHECK(grouped(12345) == "12" + space + "345");
  CHECK(grouped(-1234567) == "-1" + space + "234" + space + "567");
  CHECK(compact(999) == "999");
  CHECK(compact(1000) == "1k");
  CHECK(compact(1999) == "1.9k");
  CHECK(compact(123456) == "123k");
  CHECK(compact(-2500000) == "-2.5M");
  CHECK(compact(INT64_MAX) == "9223372036G");
}

TEST_CASE("shortened counts characters, not bytes") {
  CHECK(character_count("") == 0);
  CHECK(character_count("\xE2\x89\xA4 -4\xFF") == 5);
  CHECK(shortened("abcde", 5) == "abcde");
  CHECK(shortened("abcdef", 5) == "abcd\xE2\x80\xA6");
  CHECK(shortened("\xC3\xA9\xC3\xA9\xC3\xA9", 3) == "\xC3\xA9\xC3\xA9\xC3\xA9");
  CHECK(shortened("\xC3\xA9\xC3\xA9\xC3\xA9", 2) == "\xC3\xA9\xE2\x80\xA6");
}
