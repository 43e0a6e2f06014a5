#include <doctest/doctest.h>

#include "tests/ops/map_check.hpp"

using namespace witin::test;

TEST_CASE("conv_transpose2d: random geometry, groups, widths, modes and signs") { check_maps(true, 13); }

TEST_CASE("conv_transpose2d: streams give the columns of the whole map, in any blocks of frames") {
  check_streams(true, 14);
}
