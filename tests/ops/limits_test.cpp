// Limits of attributes and shapes that any file can name, one below, at and above each.
#include "sim/package/limits.hpp"

#include <doctest/doctest.h>

#include "tests/support/op_runner.hpp"

namespace {

using namespace witin;
using test::OpRunner;
namespace limits = package::limits;

using List = std::vector<std::int64_t>;

OpRunner convolution(const char* op, const char* name, List value) {
  OpRunner runner(op);
  runner.input({1, 1, 1}, {0, 255}).tensor<std::int8_t>("weight", {1, 1, 1, 1}, {1});
  return runner.attribute("g", std::int64_t{1}).attribute(name, std::move(value));
}

OpRunner pool(const char* name, List value) {
  OpRunner runner("max_pool", Arithmetic::kWtm2101);
  runner.input({1, 1, 1}, {0, 255}).attribute("kernel", List{1, 1});
  return runner.attribute(name, std::move(value));
}

}  // namespace

TEST_CASE("limits of operators: geometry of convolutions and time offsets") {
  constexpr std::int64_t kMost = limits::kGeometry;
  for (const char* const op : {"conv2d", "conv_transpose2d"}) {
    for (const char* const name : {"strides", "dilations"}) {
      CAPTURE(name);
      CHECK(convolution(op, name, {1, kMost - 1}).refusal().empty());
      CHECK(convolution(op, name, {1, kMost}).refusal().empty());
      CHECK(convolution(op, name, {1, kMost + 1}).refusal() == "attribute.range");
    }
  }
  CHECK(convolution("conv2d", "pads", {0, kMost - 1, 0, 0}).refusal().empty());
  CHECK(convolution("conv2d", "pads", {0, kMost, 0, 0}).refusal().empty());
  CHECK(convolution("conv2d", "pads", {0, kMost + 1, 0, 0}).refusal() == "attribute.range");
  for (const std::int64_t groups : {kMost - 1, kMost, kMost + 1}) {
    OpRunner runner("conv2d");
    runner.input({1, 1, 1}, {0, 255}).tensor<std::int8_t>("weight", {1, 1, 1, 1}, {1});
    runner.attribute("g", std::int64_t{1}).attribute("groups", groups);
    CHECK(runner.refusal() == (groups > kMost ? "attribute.range" : "attribute.value"));  // they do not divide
  }
  for (const std::int64_t offset : {kMost - 1, kMost, kMost + 1}) {
    for (const std::int64_t sign : {-1, 1}) {
      OpRunner runner("tdnn");
      runner.input({1}, {0, 255}).tensor<std::int8_t>("weight", {1, 1}, {1});
      runner.attribute("g", std::int64_t{1}).attribute("time_offsets", List{sign * offset});
      CHECK(runner.refusal() == (offset > kMost ? "attribute.range" : ""));
    }
  }
}

TEST_CASE("limits of operators: geometry of pools") {
  constexpr std::int64_t kMost = limits::kPooling;
  CHECK(pool("strides", {1, kMost - 1}).refusal().empty());
  CHECK(pool("strides", {1, kMost}).refusal().empty());
  CHECK(pool("strides", {1, kMost + 1}).refusal() == "attribute.range");
  for (const char* const name : {"kernel", "pads"}) {
    const List rest(std::string(name) == "pads" ? 3 : 1, 1);
    for (const std::int64_t extent : {kMost - 1, kMost, kMost + 1}) {
      List value = rest;
      value.push_back(extent);
      // Larger than the map, unless it is larger than any.
      const std::string refusal = pool(name, value).refusal();
      CHECK(refusal == (extent > kMost                ? "attribute.range"
                        : std::string(name) == "pads" ? "pool.pads"
                                                      : "pool.kernel"));
    }
  }
}

TEST_CASE("limits of operators: codes of a table, values of a mean") {
  for (const std::int32_t codes : {-1, 0, 1}) {
    OpRunner runner("requantize");
    runner.input({1}, {1, static_cast<std::int32_t>(limits::kTableCodes) + codes});
    runner.attribute("scale_from", 1.0).attribute("scale_to", 1.0);
    CHECK(runner.refusal() == (codes > 0 ? "node.code_range" : ""));
  }
  for (const std::int64_t values : {-1, 0, 1}) {
    OpRunner runner("mean");
    runner.input({static_cast<std::int64_t>(limits::kMeanValues) + values}, {-128, 127});
    CHECK(runner.refusal() == (values > 0 ? "node.shape" : ""));
  }
}
