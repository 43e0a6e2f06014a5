#include "witin/error.hpp"

#include <doctest/doctest.h>

TEST_CASE("an error is one line with its parts in a fixed order") {
  const witin::Error error{"npy.dtype", "dtype is not allowed", "a.npy", "|i1", "<c16", "use integer codes"};
  CHECK(error.line() == "a.npy: dtype is not allowed; expected |i1, found <c16 (use integer codes) [npy.dtype]");
  CHECK(witin::Error{"x", "bad", "", "", "3", ""}.line() == "bad; found 3 [x]");
}

TEST_CASE("an error cannot forge a second line") {
  const witin::Error error{"x", "a\nb", "c\x1b[0m", "", "", ""};
  CHECK(error.line() == "c\\x1b[0m: a\\x0ab [x]");
}

TEST_CASE("where grows from the inside out") {
  CHECK(witin::Error{"x", "bad", "nodes/3", "", "", ""}.within("m.wpkg").where == "m.wpkg: nodes/3");
  CHECK(witin::Error{"x", "bad", "", "", "", ""}.within("m.wpkg").where == "m.wpkg");
}
