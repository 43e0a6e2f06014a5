// scalar: every code, values and shifts of both kinds.
#include <doctest/doctest.h>

#include "tests/ops/shift_case.hpp"

using namespace witin;
using namespace witin::test;

TEST_CASE("scalar: mul rounds half up, add rounds down, unless told otherwise") {
  for (const std::int64_t value : {-16777216, -300, -5, -1, 0, 1, 7, 127, 16777216}) {
    for (int bits = -12; bits <= 3; ++bits) {
      const auto with = [&](const char* kind) {
        return chip("scalar").attribute("kind", std::string(kind)).attribute("value", value).attribute("bits", bits);
      };
      const auto shifted = [&](std::int64_t v, bool up) {
        if (bits >= 0) return v * (std::int64_t{1} << bits);
        return up ? half_up(v, -bits) : floored(v, -bits);
      };
      check_every_code(with("mul"), [&](std::int64_t x) { return shifted(x * value, true); });
      check_every_code(with("add"), [&](std::int64_t x) { return shifted(x + value, false); });
      check_every_code(with("mul").attribute("rounding", std::string("floor")),
                       [&](std::int64_t x) { return shifted(x * value, false); });
      check_every_code(with("add").attribute("rounding", std::string("half_up")),
                       [&](std::int64_t x) { return shifted(x + value, true); });
    }
  }
}

TEST_CASE("scalar: refusals") {
  CHECK(chip("scalar").attribute("kind", std::string("sub")).attribute("value", 1).refusal() == "attribute.value");
  CHECK(chip("scalar").attribute("kind", std::string("mul")).refusal() == "attribute.missing");
  CHECK(chip("scalar").attribute("kind", std::string("mul")).attribute("value", 1.5).refusal() == "attribute.type");
}
